/** Finds calls that an engine answered from its cache, and hosts that it therefore did not contact. */

import type { UpstreamKind } from "../failure.js";
import { gitHost, parseUrl } from "../hosts.js";
import { dagCallOf } from "./dag-call.js";
import { type EngineSpan, hasEnded, isCached } from "./span.js";
import { SpanTree } from "./span-tree.js";

/** A call that an engine answered from its cache. */
export interface CachedCall {
  /** The function, such as `Container.withExec`. Null if the name of the span is not a function. */
  readonly call: string | null;
  /** The host that the call would have contacted. Null if the call contacts no host directly. */
  readonly upstream: { readonly kind: UpstreamKind; readonly host: string } | null;
}

const CALL = /^[A-Z]\w{0,63}\.\w{1,63}$/;
/**
 * Matches the span for the work of a call, in engines before 1.0. If the answer comes from the cache, this
 * span is marked as cached, even if the call's own span is not.
 */
const WORK = /^dagop\.\w{1,16} ([A-Z]\w{0,63}\.\w{1,63})$/;
const URL_CALLS: ReadonlyMap<string, "http" | "git"> = new Map([
  ["Query.http", "http"],
  ["Query.git", "git"],
]);

/** Returns the calls that an engine marked as cached. Never throws. */
export function cachedCallsOf(spans: readonly EngineSpan[]): CachedCall[] {
  const tree = new SpanTree(spans);
  const found: CachedCall[] = [];
  for (const span of spans) {
    const call = hasEnded(span) ? cachedCall(span, tree) : undefined;
    if (call !== undefined) found.push(call);
  }
  return found;
}

function cachedCall(span: EngineSpan, tree: SpanTree): CachedCall | undefined {
  const kind = urlCallKind(span);
  if (kind !== undefined) {
    const cached = isCached(span) || tree.childrenOf(span.id).some(isCached);
    return cached ? { call: span.name, upstream: upstreamOf(span, kind) } : undefined;
  }
  if (!isCached(span) || !isCallOrWork(span)) return undefined;
  // A cached call below `http` or `git` is part of that call, which is already counted.
  const parent = tree.parentOf(span);
  if (parent !== undefined && urlCallKind(parent) !== undefined) return undefined;
  return { call: callOf(span), upstream: null };
}

function urlCallKind({ scope, name }: EngineSpan): "http" | "git" | undefined {
  return scope === "dagger.io/core" ? URL_CALLS.get(name) : undefined;
}

function isCallOrWork({ scope, name }: EngineSpan): boolean {
  return scope === "dagger.io/core" || WORK.test(name);
}

function callOf({ name }: EngineSpan): string | null {
  const call = WORK.exec(name)?.[1] ?? name;
  return CALL.test(call) ? call : null;
}

function upstreamOf(span: EngineSpan, kind: "http" | "git"): CachedCall["upstream"] {
  const url = dagCallOf(span)?.texts.url ?? "";
  const host = kind === "http" ? parseUrl(url)?.host : gitHost(url);
  return host === undefined ? null : { kind, host };
}

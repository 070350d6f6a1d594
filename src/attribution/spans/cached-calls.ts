/** Finds calls that an engine answered from its cache, and the hosts that it did not have to contact. */

import type { UpstreamKind } from "../failure.js";
import { gitHost, parseUrl } from "../hosts.js";
import { dagCallOf } from "./dag-call.js";
import { type EngineSpan, hasEnded, isCached } from "./span.js";
import { SpanTree } from "./span-tree.js";

/** A call that an engine answered from its cache. */
export interface CachedCall {
  /** The function, such as `Container.withExec`; null if the span has no such name. */
  readonly call: string | null;
  /** The host that the call would have contacted; null if it would contact none directly. */
  readonly upstream: { readonly kind: UpstreamKind; readonly host: string } | null;
}

const CALL = /^[A-Z]\w{0,63}\.\w{1,63}$/;
/**
 * The span of engines before 1.0 for the work of a call. It is marked as cached where the call's own span
 * is not.
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
  // A call that `http` or `git` makes itself is already counted with it.
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

/** Finds the exchanges with registries, git and http hosts among the spans of an engine. */

import type { UpstreamKind } from "../failure.js";
import { gitHost, parseImageReference, parseUrl, readHost } from "../hosts.js";
import { readStatus } from "../reading/status.js";
import { dagCallOf } from "./dag-call.js";
import {
  durationMsOf,
  type Exchange,
  type ExchangeOutcome,
  outcomeOf,
  outcomeOfCall,
  startMsOf,
  statusOf,
} from "./exchange.js";
import { originOf } from "./forgeable.js";
import { type EngineSpan, hasEnded, isCached } from "./span.js";
import { SpanTree } from "./span-tree.js";

const CORE_SCOPE = "dagger.io/core";
/** Where engines of 1.0 have a second span for each call. */
const TWIN_SCOPE = "dagger.io/dagql";
const FETCH = /^fetching (https?:\/\/\S{1,2048})$/;
/** The calls below which a fetch is one of `http`. */
const HTTP_CALL = /^(?:Query\.http|HTTPState\.\w+)$/;
const TOKEN_EXCHANGE = "remotes.docker.resolver.FetchToken";
const REGISTRY_EXCHANGE = /^remotes\.docker\./;
/** What the engine does with an image; the reference follows. */
const IMAGE_WORK = /^(?:resolving|pulling|pushing) ([^\s"]{1,1024})$/;
/** The commands of git that ask a remote, with its URL where the command names it. */
const GIT_COMMAND = /^git (?:-\S+ \S+ )*(ls-remote|fetch|clone)\b/;
const GIT_REMOTE_URL =
  /\s((?:https?|ssh|git|git\+ssh):\/\/\S{1,2048}|[\w.-]{1,64}@[\w.-]{1,253}:\S{1,2048})/;
const GIT_LOCAL = /\sfile:\/\//;

/** All exchanges in the order in which they began, repetitions included. Never throws. */
export function exchangesOf(spans: readonly EngineSpan[]): Exchange[] {
  const tree = new SpanTree(spans);
  const found: Exchange[] = [];
  const tokens = new TokenTimes(tree);
  const outer = outerHttpSpans(tree);
  for (const span of spans) {
    if (!hasEnded(span)) continue;
    const exchange = isHttp(span)
      ? outer.has(span.id)
        ? undefined
        : httpExchange(span, tree, tokens)
      : (gitCommand(span, tree) ?? httpFetch(span, tree) ?? apiCall(span, tree));
    if (exchange !== undefined) found.push(exchange);
  }
  return found.sort((one, other) => one.startMs - other.startMs);
}

function isHttp({ attributes }: EngineSpan): boolean {
  return typeof attributes["http.request.method"] === "string";
}

/** The HTTP spans that have an HTTP span inside: what happened stands in the innermost. */
function outerHttpSpans(tree: SpanTree): ReadonlySet<string> {
  const outer = new Set<string>();
  for (const span of tree.spans) {
    const parent = isHttp(span) ? tree.parentOf(span) : undefined;
    if (parent !== undefined && isHttp(parent)) outer.add(parent.id);
  }
  return outer;
}

/** When tokens were fetched, by the span that they were fetched in. */
class TokenTimes {
  readonly #endMs = new Map<string, number>();

  constructor({ spans }: SpanTree) {
    for (const span of spans) {
      if (span.name !== TOKEN_EXCHANGE) continue;
      const endMs = startMsOf(span) + durationMsOf(span);
      this.#endMs.set(span.parent, Math.min(endMs, this.#endMs.get(span.parent) ?? endMs));
    }
  }

  /** Whether a token had been fetched when an exchange under that span began. */
  before(parent: string, startMs: number): boolean {
    return (this.#endMs.get(parent) ?? Number.POSITIVE_INFINITY) <= startMs;
  }
}

function httpExchange(span: EngineSpan, tree: SpanTree, tokens: TokenTimes): Exchange | undefined {
  const host = hostOfHttp(span);
  if (host === undefined) return undefined;
  const parent = tree.parentOf(span);
  const wrapper = parent !== undefined && isHttp(parent) ? parent : span;
  const fetchesToken = wrapper.name === TOKEN_EXCHANGE;
  const work = tree.nearest(span, ({ name }) => IMAGE_WORK.test(name));
  const isRegistry = work !== undefined || REGISTRY_EXCHANGE.test(wrapper.name);
  const kind = isRegistry ? "registry" : httpKind(span, tree);
  if (kind === undefined) return undefined;
  const status = statusOf(span);
  const proves =
    !fetchesToken && (status !== 401 || tokens.before(wrapper.parent, startMsOf(span)));
  const outcome = outcomeOf(span, status);
  return exchange(span, tree, {
    kind,
    host,
    servesHost: servedHost(wrapper, work, tree) ?? host,
    target: `${span.attributes["http.request.method"]} ${pathOf(span)}`,
    outcome: outcome === "answered" && !proves ? "silent" : outcome,
    status,
  });
}

/** An engine that traced the requests of `http` as well would do so below the call itself. */
function httpKind(span: EngineSpan, tree: SpanTree): UpstreamKind | undefined {
  return tree.nearest(span, ({ name }) => name === "Query.http") === undefined ? undefined : "http";
}

/** The registry whose image is worked on, else the one that was asked first. */
function servedHost(
  wrapper: EngineSpan,
  work: EngineSpan | undefined,
  tree: SpanTree,
): string | undefined {
  const reference = work === undefined ? undefined : IMAGE_WORK.exec(work.name)?.[1];
  if (reference !== undefined) return parseImageReference(reference)?.host;
  const publish = tree.nearest(wrapper, ({ name }) => name === "Container.publish");
  const address = publish === undefined ? undefined : dagCallOf(publish)?.texts.address;
  if (address !== undefined) return parseImageReference(address)?.host;
  return wrapper.name === TOKEN_EXCHANGE ? undefined : hostOfHttp(wrapper);
}

function hostOfHttp({ attributes }: EngineSpan): string | undefined {
  const address = attributes["server.address"];
  const port = attributes["server.port"];
  if (typeof address !== "string" || address === "") return undefined;
  const name = address.includes(":") && !address.startsWith("[") ? `[${address}]` : address;
  return readHost(port === undefined ? name : `${name}:${String(port)}`, schemeOf(attributes));
}

function schemeOf({ "url.full": url }: EngineSpan["attributes"]): string | undefined {
  return typeof url === "string" ? parseUrl(url)?.scheme : undefined;
}

function pathOf({ attributes }: EngineSpan): string {
  const url = attributes["url.full"];
  return typeof url === "string" ? (parseUrl(url)?.path ?? "") : "";
}

/** A command of git that asked its remote. Why one failed stands in a log, not in its span. */
function gitCommand(span: EngineSpan, tree: SpanTree): Exchange | undefined {
  const command = GIT_COMMAND.exec(span.name)?.[1];
  if (command === undefined || GIT_LOCAL.test(span.name)) return undefined;
  const host = gitHost(GIT_REMOTE_URL.exec(span.name)?.[1] ?? remoteOf(span, tree) ?? "");
  if (host === undefined) return undefined;
  const outcome = span.status === "error" ? outcomeOfCall(span.message, "git").outcome : "answered";
  return exchange(span, tree, {
    kind: "git",
    host,
    servesHost: host,
    target: command,
    outcome,
    status: null,
  });
}

/** The remote of a fetch: its siblings have just named it, or a call above did. */
function remoteOf(span: EngineSpan, tree: SpanTree): string | undefined {
  const startMs = startMsOf(span);
  let latest: EngineSpan | undefined;
  for (const sibling of tree.childrenOf(span.parent)) {
    if (!sibling.name.startsWith("git remote add origin ")) continue;
    const began = startMsOf(sibling);
    if (began <= startMs && (latest === undefined || began > startMsOf(latest))) latest = sibling;
  }
  return latest?.name.slice("git remote add origin ".length);
}

/** What the engine of 1.0 does for `http`, with the URL in its name; work of git is named alike. */
function httpFetch(span: EngineSpan, tree: SpanTree): Exchange | undefined {
  const url = FETCH.exec(span.name)?.[1];
  const host = url === undefined ? undefined : parseUrl(url)?.host;
  if (url === undefined || host === undefined) return undefined;
  if (tree.nearest(span, ({ name }) => HTTP_CALL.test(name)) === undefined) return undefined;
  const failed = span.status === "error" ? outcomeOfCall(span.message, "http") : undefined;
  return exchange(span, tree, {
    kind: "http",
    host: failed?.host ?? host,
    servesHost: host,
    target: url,
    outcome: failed?.outcome ?? "answered",
    status: statusOfMessage(span),
  });
}

/**
 * A call of `http` before 1.0, which had no exchange of its own in the spans, and what a call of `git`
 * says when it fails. On 1.0 a call has a twin, which alone tells of an equal call earlier in the session.
 */
function apiCall(span: EngineSpan, tree: SpanTree): Exchange | undefined {
  if (!isApiCall(span) || isTwin(span, tree)) return undefined;
  const kind = span.name === "Query.http" ? "http" : "git";
  const url = dagCallOf(span)?.texts.url ?? "";
  const servesHost = kind === "http" ? parseUrl(url)?.host : gitHost(url);
  const ended = endOfCall(span, kind, tree);
  const host = ended?.host ?? servesHost;
  if (ended === undefined || host === undefined) return undefined;
  return exchange(span, tree, {
    kind,
    host,
    servesHost: servesHost ?? host,
    target: url,
    outcome: ended.outcome,
    status: statusOfMessage(span),
  });
}

function isApiCall({ name, scope }: EngineSpan): boolean {
  return (
    (scope === CORE_SCOPE || scope === TWIN_SCOPE) &&
    (name === "Query.http" || name === "Query.git")
  );
}

/** Whether a span only repeats what the call around it tells. */
function isTwin(span: EngineSpan, tree: SpanTree): boolean {
  return span.scope === TWIN_SCOPE && tree.parentOf(span)?.name === span.name;
}

function endOfCall(
  span: EngineSpan,
  kind: "http" | "git",
  tree: SpanTree,
): { readonly outcome: ExchangeOutcome; readonly host: string | null } | undefined {
  if (kind === "http" && fetchesBelow(span, tree)) return undefined;
  if (span.status === "error") return outcomeOfCall(span.message, kind);
  // A repository whose refs were known is not asked; where it is, its commands tell.
  if (kind === "git" || isCached(span)) return undefined;
  const below = tree.childrenOf(span.id);
  // An engine that makes twins tells of each fetch: without one nobody was asked.
  if (span.scope === TWIN_SCOPE || below.some((child) => isTwin(child, tree))) return undefined;
  return below.some(isCached) ? undefined : { outcome: "answered", host: null };
}

const MAX_BELOW = 64;

/** Whether a call has led to a fetch, which tells more than the call. */
function fetchesBelow(span: EngineSpan, tree: SpanTree): boolean {
  const below = new Set([span.id]);
  for (const id of below) {
    for (const child of tree.childrenOf(id)) {
      if (FETCH.test(child.name)) return true;
      if (below.size < MAX_BELOW) below.add(child.id);
    }
  }
  return false;
}

function statusOfMessage({ status, message }: EngineSpan): number | null {
  return status === "error" ? (readStatus(message.toLowerCase())?.status ?? null) : null;
}

function exchange(
  span: EngineSpan,
  tree: SpanTree,
  facts: Omit<Exchange, "startMs" | "durationMs" | "origin" | "requestId">,
): Exchange {
  return {
    ...facts,
    startMs: startMsOf(span),
    durationMs: durationMsOf(span),
    origin: originOf(span, tree),
    requestId: tree.requestIdOf(span),
  };
}

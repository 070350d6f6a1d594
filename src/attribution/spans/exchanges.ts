/** Finds the exchanges of an engine with registries, git and HTTP hosts, from its spans. */

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
/** The scope of twin spans. Engines of 1.0 send a second span with the same name below each call. */
const TWIN_SCOPE = "dagger.io/dagql";
const FETCH = /^fetching (https?:\/\/\S{1,2048})$/;
/** Matches the spans of calls that fetch a URL. */
const HTTP_CALL = /^(?:Query\.http|HTTPState\.\w+)$/;
const TOKEN_EXCHANGE = "remotes.docker.resolver.FetchToken";
const REGISTRY_EXCHANGE = /^remotes\.docker\./;
/** Matches the span of the engine's work on an image. The group captures the image. */
const IMAGE_WORK = /^(?:resolving|pulling|pushing) ([^\s"]{1,1024})$/;
/** Matches the span of a git command that contacts a remote. */
const GIT_COMMAND = /^git (?:-\S+ \S+ )*(ls-remote|fetch|clone)\b/;
const GIT_REMOTE_URL =
  /\s((?:https?|ssh|git|git\+ssh):\/\/\S{1,2048}|[\w.-]{1,64}@[\w.-]{1,253}:\S{1,2048})/;
const GIT_LOCAL = /\sfile:\/\//;

/** Returns all exchanges in the order of their start, including repetitions. Never throws. */
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

/**
 * Returns the ids of HTTP spans that contain another HTTP span. These spans are skipped, because the inner
 * span has the result.
 */
function outerHttpSpans(tree: SpanTree): ReadonlySet<string> {
  const outer = new Set<string>();
  for (const span of tree.spans) {
    const parent = isHttp(span) ? tree.parentOf(span) : undefined;
    if (parent !== undefined && isHttp(parent)) outer.add(parent.id);
  }
  return outer;
}

/** The time when the first token was fetched below each parent span. */
class TokenTimes {
  readonly #endMs = new Map<string, number>();

  constructor({ spans }: SpanTree) {
    for (const span of spans) {
      if (span.name !== TOKEN_EXCHANGE) continue;
      const endMs = startMsOf(span) + durationMsOf(span);
      this.#endMs.set(span.parent, Math.min(endMs, this.#endMs.get(span.parent) ?? endMs));
    }
  }

  /** Returns whether a token had been fetched below `parent` before `startMs`. */
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

/** Returns `"http"` for an HTTP span below a call of `http`. No known engine sends such a span. */
function httpKind(span: EngineSpan, tree: SpanTree): UpstreamKind | undefined {
  return tree.nearest(span, ({ name }) => name === "Query.http") === undefined ? undefined : "http";
}

/**
 * Returns the registry of the image that the engine works on. If the image is unknown, returns the registry
 * that the engine contacted first.
 */
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

/** Returns the exchange of a git command with its remote. */
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

/** Returns the remote of a `git fetch`, from the sibling span `git remote add origin` before it. */
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

/**
 * Returns the exchange of a call of `http` in engines of 1.0. The name of the exchange's span contains the
 * URL.
 *
 * Git work has similar spans, so the span counts only below a call of `http`.
 */
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
 * Returns the exchange of a call of `http` in engines before 1.0, or of a failed call of `git`. Such an
 * exchange has no separate span.
 *
 * Engines of 1.0 send a twin span below each call. If the session made an equal call before, they send only
 * the twin.
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

/** Returns whether a span is the twin of the call directly above it. */
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
  // A successful call of `git` contacts no host if git's refs are known. Otherwise, the spans of git's
  // commands contain the exchange.
  if (kind === "git" || isCached(span)) return undefined;
  const below = tree.childrenOf(span.id);
  // An engine with twin spans sends a separate span for each fetch. Such a span is missing here, so no host
  // was contacted.
  if (span.scope === TWIN_SCOPE || below.some((child) => isTwin(child, tree))) return undefined;
  return below.some(isCached) ? undefined : { outcome: "answered", host: null };
}

const MAX_BELOW = 64;

/**
 * Returns whether the span of a fetch is below a call. The exchange is then read from that span, which has
 * more facts.
 */
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

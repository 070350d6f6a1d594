/** The contacts of a command: the hosts that its engine asked, its cached calls, and its images. */

import type { UpstreamKind } from "../../attribution/failure.js";
import { breakerName, isHelperHost } from "../../attribution/hosts.js";
import { cachedCallsOf } from "../../attribution/spans/cached-calls.js";
import type { Exchange } from "../../attribution/spans/exchange.js";
import { exchangesOf } from "../../attribution/spans/exchanges.js";
import { imageFactsOf } from "../../attribution/spans/image-use.js";
import type { EngineSpan } from "../../attribution/spans/span.js";
import { isRequest } from "../../attribution/spans/span-tree.js";

/** The totals of one host in one role, for example `ghcr.io` as a registry. */
export interface UpstreamTotals {
  readonly kind: UpstreamKind;
  /** The host, with its port unless that is the default port. */
  readonly host: string;
  /**
   * The registry's breaker, if this host serves a registry as token server, layer store or mirror;
   * otherwise null.
   */
  readonly serves: string | null;
  readonly exchanges: number;
  /** Exchanges with an answer that is neither a failure nor a rate limit, such as 200 or 401. */
  readonly answered: number;
  readonly failed: number;
  /** Exchanges answered with 429. */
  readonly limited: number;
  /** Exchanges without a known result: canceled, or with unclear spans. */
  readonly undecided: number;
  /** Exchanges that the engine repeated after a failure or a rate limit. */
  readonly repeated: number;
  /** The sum of the durations of all exchanges, in milliseconds. Exchanges may overlap. */
  readonly durationMs: number;
  readonly slowestMs: number;
}

/** Calls that were answered from the cache. */
export interface CachedTotals {
  readonly calls: number;
  /** Counts by function, the most frequent first. */
  readonly byCall: readonly { readonly call: string; readonly calls: number }[];
  /** Hosts that were not asked because their answer was cached. */
  readonly hosts: readonly {
    readonly kind: UpstreamKind;
    readonly host: string;
    readonly calls: number;
  }[];
}

/** An image that the command used. */
export interface ImageTotals {
  /** The full reference of the image. It contains a digest only if it has no tag. */
  readonly image: string;
  /**
   * The digests of the image: several if the tag moved during the run, none if no digest is known.
   */
  readonly digests: readonly string[];
  /** Number of calls that used the image. */
  readonly uses: number;
  /** Whether a registry was asked about the image. */
  readonly asked: boolean;
}

/** The contacts of a command according to its spans. */
export interface Contacts {
  readonly spans: number;
  /** GraphQL requests to the engine, including requests of modules. */
  readonly requests: number;
  readonly upstreams: readonly UpstreamTotals[];
  readonly cached: CachedTotals;
  readonly images: readonly ImageTotals[];
  /** The numbers of contacts that are missing from the lists, because a list was full. */
  readonly omitted: { readonly exchanges: number; readonly images: number };
}

const MAX_UPSTREAMS = 256;
const MAX_IMAGES = 512;
const MAX_DIGESTS = 8;
const MAX_CALLS = 256;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface ImageTally {
  readonly digests: Set<string>;
  uses: number;
  asked: boolean;
}

/**
 * The running totals of contacts. Memory grows with the number of hosts and images, up to a limit.
 */
export class ContactTotals {
  readonly #upstreams = new Map<string, Mutable<UpstreamTotals>>();
  readonly #images = new Map<string, ImageTally>();
  readonly #calls = new Map<string, number>();
  readonly #cachedHosts = new Map<string, Mutable<CachedTotals["hosts"][number]>>();
  #spans = 0;
  #requests = 0;
  #cachedCalls = 0;
  #omittedExchanges = 0;
  #omittedImages = 0;

  /** Adds the spans of finished requests. */
  add(spans: readonly EngineSpan[]): void {
    this.#spans += spans.length;
    for (const span of spans) if (isRequest(span)) this.#requests += 1;
    const failedBefore = new Set<string>();
    for (const exchange of exchangesOf(spans)) this.#addExchange(exchange, failedBefore);
    this.#addCached(spans);
    this.#addImages(spans);
  }

  totals(): Contacts {
    return {
      spans: this.#spans,
      requests: this.#requests,
      upstreams: [...this.#upstreams.values()].sort(inOrder),
      cached: {
        calls: this.#cachedCalls,
        byCall: [...this.#calls]
          .map(([call, calls]) => ({ call, calls }))
          .sort((one, other) => other.calls - one.calls || compare(one.call, other.call)),
        hosts: [...this.#cachedHosts.values()],
      },
      images: [...this.#images]
        .filter(([, { uses }]) => uses > 0)
        .map(([image, { digests, uses, asked }]) => ({
          image,
          digests: [...digests],
          uses,
          asked,
        })),
      omitted: { exchanges: this.#omittedExchanges, images: this.#omittedImages },
    };
  }

  #addExchange(exchange: Exchange, failedBefore: Set<string>): void {
    const { kind, host, requestId, target, outcome, durationMs } = exchange;
    const attempt = `${requestId} ${kind} ${host} ${target}`;
    const repeats = failedBefore.has(attempt);
    if (outcome === "failed" || outcome === "limited") failedBefore.add(attempt);
    const totals = this.#totalsOf(exchange);
    if (totals === undefined) {
      this.#omittedExchanges += 1;
      return;
    }
    totals.exchanges += 1;
    totals[columnOf(exchange)] += 1;
    if (repeats) totals.repeated += 1;
    totals.durationMs += durationMs;
    totals.slowestMs = Math.max(totals.slowestMs, durationMs);
  }

  #totalsOf({ kind, host, servesHost }: Exchange): Mutable<UpstreamTotals> | undefined {
    const own = breakerName(kind, host);
    const served = breakerName(kind, servesHost);
    const serves = own !== served || (kind === "registry" && isHelperHost(host)) ? served : null;
    return entry(this.#upstreams, `${kind} ${host} ${serves}`, MAX_UPSTREAMS, () => ({
      kind,
      host,
      serves,
      exchanges: 0,
      answered: 0,
      failed: 0,
      limited: 0,
      undecided: 0,
      repeated: 0,
      durationMs: 0,
      slowestMs: 0,
    }));
  }

  #addCached(spans: readonly EngineSpan[]): void {
    for (const { call, upstream } of cachedCallsOf(spans)) {
      this.#cachedCalls += 1;
      if (call !== null && (this.#calls.has(call) || this.#calls.size < MAX_CALLS)) {
        this.#calls.set(call, (this.#calls.get(call) ?? 0) + 1);
      }
      if (upstream === null) continue;
      const { kind, host } = upstream;
      const make = () => ({ kind, host, calls: 0 });
      const known = entry(this.#cachedHosts, `${kind} ${host}`, MAX_UPSTREAMS, make);
      if (known !== undefined) known.calls += 1;
    }
  }

  #addImages(spans: readonly EngineSpan[]): void {
    const { uses, asked } = imageFactsOf(spans);
    for (const { image, digest } of uses) {
      const tally = this.#tallyOf(image);
      if (tally === undefined) {
        this.#omittedImages += 1;
        continue;
      }
      tally.uses += 1;
      if (digest !== null && tally.digests.size < MAX_DIGESTS) tally.digests.add(digest);
    }
    for (const image of asked) {
      const tally = this.#tallyOf(image);
      if (tally !== undefined) tally.asked = true;
    }
  }

  #tallyOf(image: string): ImageTally | undefined {
    const make = () => ({ digests: new Set<string>(), uses: 0, asked: false });
    return entry(this.#images, image, MAX_IMAGES, make);
  }
}

/**
 * Returns the entry of a key, and creates a missing entry. Returns undefined if the map is full.
 */
function entry<T>(map: Map<string, T>, key: string, max: number, make: () => T): T | undefined {
  const known = map.get(key);
  if (known !== undefined || map.size >= max) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/**
 * Returns the counter of an exchange. An answer that no circuit counts, such as a first 401, still
 * counts as answered here.
 */
function columnOf({ outcome, status }: Exchange): "answered" | "failed" | "limited" | "undecided" {
  if (outcome === "silent") return status === null ? "undecided" : "answered";
  return outcome === "cancelled" ? "undecided" : outcome;
}

/** Sorts registries first, and each helper of a registry after that registry. */
function inOrder(one: UpstreamTotals, other: UpstreamTotals): number {
  const [first, second] = [one, other].map(
    ({ kind, host, serves }) =>
      `${kind === "registry" ? 0 : 1} ${serves ?? breakerName(kind, host)} ${serves === null ? 0 : 1} ${host}`,
  ) as [string, string];
  return compare(first, second);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** What a registry says about its pull limit: where to ask, and what the answer means. */

import { breakerName } from "../attribution/hosts.js";
import { readRetryAfter } from "../options/http-date.js";

/**
 * What is left of a pull limit: `"left"`: pulls are left; `"exhausted"`: none is; `"unstated"`: the
 * registry answered and stated no limit, as it does for accounts that have none.
 */
export type QuotaState = "left" | "exhausted" | "unstated";

/** What a registry said about the pull limit of whoever asked. */
export interface Quota {
  /** The registry, such as `"docker.io"`. */
  readonly registry: string;
  readonly state: QuotaState;
  /** Pulls allowed in one window; null when not stated. */
  readonly limit: number | null;
  /** Pulls left in this window; null when not stated. */
  readonly remaining: number | null;
  /** The length of the window in milliseconds; null when not stated. */
  readonly windowMs: number | null;
  /** Whose limit it is: an address or an account's id; null when not stated. */
  readonly source: string | null;
  /** Milliseconds that the registry asked to wait; null when it did not say. */
  readonly retryAfterMs: number | null;
}

/** Where to ask for a quota: the token first, unless there is no token server. */
export interface QuotaEndpoints {
  readonly registry: string;
  readonly tokenUrl: string | undefined;
  readonly manifestUrl: string;
}

/** Addresses other than those of Docker Hub. */
export interface QuotaAddresses {
  /** The registry's address, such as `"https://registry.example"`. */
  readonly registryUrl?: string | undefined;
  /** The token server's address in full, such as `"https://auth.example/token"`. */
  readonly authUrl?: string | undefined;
}

/** The image that Docker Hub keeps for this question: a HEAD of its manifest spends nothing. */
const PREVIEW_IMAGE = "ratelimitpreview/test";

const DOCKER_HUB = {
  registryUrl: "https://registry-1.docker.io",
  authUrl: "https://auth.docker.io/token",
  service: "registry.docker.io",
} as const;

/**
 * Where to ask a registry for its quota. Only Docker Hub's addresses are known.
 *
 * @throws RangeError for another registry without a `registryUrl`, or a URL that is none.
 */
export function quotaEndpoints(registry: string, addresses: QuotaAddresses = {}): QuotaEndpoints {
  const hub = breakerName("registry", registry) === "registry:docker.io";
  if (!hub && addresses.registryUrl === undefined) {
    throw new RangeError(
      `registry is ${JSON.stringify(registry)}, expected "docker.io", the only one whose quota can be asked for without a registry URL`,
    );
  }
  const registryUrl = readHttpUrl(addresses.registryUrl ?? DOCKER_HUB.registryUrl, "registry URL");
  const authUrl = addresses.authUrl ?? (hub ? DOCKER_HUB.authUrl : undefined);
  const base = registryUrl.pathname.replace(/\/+$/, "");
  return {
    registry: hub ? "docker.io" : registry,
    tokenUrl: authUrl && tokenUrl(authUrl, hub ? DOCKER_HUB.service : registry),
    manifestUrl: `${registryUrl.origin}${base}/v2/${PREVIEW_IMAGE}/manifests/latest`,
  };
}

function tokenUrl(authUrl: string, service: string): string {
  const url = readHttpUrl(authUrl, "auth URL");
  url.searchParams.set("service", service);
  url.searchParams.set("scope", `repository:${PREVIEW_IMAGE}:pull`);
  return url.href;
}

function readHttpUrl(text: string, label: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const http = url?.protocol === "https:" || url?.protocol === "http:";
  // The text itself is not shown when it may hold credentials.
  if (url === undefined || !http || url.username !== "" || url.password !== "") {
    const shown = text.includes("@") ? "one with credentials" : JSON.stringify(text.slice(0, 80));
    throw new RangeError(
      `${label} is ${shown}, expected an http or https address without credentials, such as "https://registry.example"`,
    );
  }
  return url;
}

/** The part of an HTTP answer that tells a quota. */
export interface QuotaAnswer {
  readonly status: number;
  /** The value of a header by its name in lower case; null or undefined when there is none. */
  header(name: string): string | null | undefined;
}

/**
 * What an answer says about the quota; undefined when it says nothing, as a 401 or a 503.
 * A 429 is an exhausted quota whatever else it says.
 */
export function readQuota(registry: string, answer: QuotaAnswer): Quota | undefined {
  const limited = answer.status === 429;
  if (!limited && (answer.status < 200 || answer.status > 299)) return undefined;
  const limit = readAmount(answer.header("ratelimit-limit"));
  const remaining = readAmount(answer.header("ratelimit-remaining"));
  const stated = limit.count !== null || remaining.count !== null;
  const none = limited || remaining.count === 0;
  return {
    registry,
    state: none ? "exhausted" : stated ? "left" : "unstated",
    limit: limit.count,
    remaining: remaining.count,
    windowMs: limit.windowMs ?? remaining.windowMs,
    source: readSource(answer.header("docker-ratelimit-source")),
    retryAfterMs: readRetryAfter(answer.header("retry-after")),
  };
}

/** Reads `100;w=21600`: an amount, and the length of its window in seconds. */
function readAmount(header: string | null | undefined): {
  count: number | null;
  windowMs: number | null;
} {
  const match = /^\s{0,8}([0-9]{1,12})(?:[^0-9]|$)/.exec(header ?? "");
  const window = /;\s{0,8}w=([0-9]{1,9})/.exec(header ?? "");
  return {
    count: match === null ? null : Number(match[1]),
    windowMs: window === null ? null : Number(window[1]) * 1000,
  };
}

/** An address or an account's id; anything else could be made to look like something else. */
function readSource(header: string | null | undefined): string | null {
  const source = (header ?? "").trim();
  return /^[\w.:-]{1,128}$/.test(source) ? source : null;
}

/** The pull limit of a registry: the addresses to ask, and the meaning of a response. */

import { breakerName } from "../attribution/hosts.js";
import { show } from "../options/check.js";
import { readRetryAfter } from "../options/http-date.js";

/**
 * The state of a pull limit. `"left"`: pulls are left. `"exhausted"`: no pull is left.
 * `"unstated"`: the registry stated no limit, as for accounts without one.
 */
export type QuotaState = "left" | "exhausted" | "unstated";

/** The pull limit of an IP address or account, as a registry stated it. */
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
  /** The owner of the limit: an IP address or an account's id; null when not stated. */
  readonly source: string | null;
  /** Milliseconds that the registry asked to wait; null when not stated. */
  readonly retryAfterMs: number | null;
}

/** The addresses to ask for a quota: the token server first, if there is one. */
export interface QuotaEndpoints {
  readonly registry: string;
  readonly tokenUrl: string | undefined;
  readonly manifestUrl: string;
}

/** Addresses that replace those of Docker Hub. */
export interface QuotaAddresses {
  /** The registry's address, such as `"https://registry.example"`. */
  readonly registryUrl?: string | undefined;
  /** The token server's full address, such as `"https://auth.example/token"`. */
  readonly authUrl?: string | undefined;
}

/** The image that Docker Hub provides for this purpose: a HEAD of its manifest spends no pull. */
const PREVIEW_IMAGE = "ratelimitpreview/test";

const DOCKER_HUB = {
  registryUrl: "https://registry-1.docker.io",
  authUrl: "https://auth.docker.io/token",
  service: "registry.docker.io",
} as const;

/**
 * Returns the addresses for a registry's quota. Only Docker Hub's are known.
 *
 * @throws RangeError for another registry without a `registryUrl`, or an invalid URL.
 */
export function quotaEndpoints(registry: string, addresses: QuotaAddresses = {}): QuotaEndpoints {
  const hub = breakerName("registry", registry) === "registry:docker.io";
  if (!hub && addresses.registryUrl === undefined) {
    throw new RangeError(
      `registry is ${show(registry)}, expected "docker.io", the only one whose quota can be asked for without a registry URL`,
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
  // A URL that may hold credentials is not shown.
  if (url === undefined || !http || url.username !== "" || url.password !== "") {
    const shown = text.includes("@") ? "one with credentials" : show(text);
    throw new RangeError(
      `${label} is ${shown}, expected an http or https address without credentials, such as "https://registry.example"`,
    );
  }
  return url;
}

/** The part of an HTTP response that states a quota. */
export interface QuotaAnswer {
  readonly status: number;
  /** Returns the value of a header by its name in lower case; null or undefined if it is missing. */
  header(name: string): string | null | undefined;
}

/**
 * Reads the quota from a response; undefined if it states none, for example a 401 or a 503. A 429
 * always means an exhausted quota.
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

/**
 * Accepts only characters of an IP address or account id, so that a forged value cannot inject
 * other text.
 */
function readSource(header: string | null | undefined): string | null {
  const source = (header ?? "").trim();
  return /^[\w.:-]{1,128}$/.test(source) ? source : null;
}

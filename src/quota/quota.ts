/** Reads the pull limit of a registry from its response, and builds the addresses to ask. */

import { breakerName } from "../attribution/hosts.js";
import { show } from "../options/check.js";
import { readRetryAfter } from "../options/http-date.js";

/**
 * The state of a pull limit. `"left"`: pulls are left. `"exhausted"`: no pull is left.
 * `"unstated"`: the registry stated no limit, for example for an account without a limit.
 */
export type QuotaState = "left" | "exhausted" | "unstated";

/** The pull limit of an IP address or account, as the registry stated it. */
export interface Quota {
  /** The registry, such as `"docker.io"`. */
  readonly registry: string;
  readonly state: QuotaState;
  /** Number of pulls allowed in one window; null if the registry did not state it. */
  readonly limit: number | null;
  /** Number of pulls left in this window; null if the registry did not state it. */
  readonly remaining: number | null;
  /** The length of the window in milliseconds; null if the registry did not state it. */
  readonly windowMs: number | null;
  /**
   * The owner of the limit: an IP address or the id of an account; null if the registry did not
   * state it.
   */
  readonly source: string | null;
  /** Milliseconds that the registry asked to wait; null if it did not ask. */
  readonly retryAfterMs: number | null;
}

/**
 * The addresses to ask for a quota. Ask `tokenUrl` first; it is undefined if the registry has no
 * token server.
 */
export interface QuotaEndpoints {
  readonly registry: string;
  readonly tokenUrl: string | undefined;
  readonly manifestUrl: string;
}

/** Addresses that replace the addresses of Docker Hub. */
export interface QuotaAddresses {
  /** The registry's address, such as `"https://registry.example"`. */
  readonly registryUrl?: string | undefined;
  /** The token server's full address, such as `"https://auth.example/token"`. */
  readonly authUrl?: string | undefined;
}

/**
 * The image that Docker Hub provides to read the quota. A HEAD request for its manifest spends no
 * pull.
 */
const PREVIEW_IMAGE = "ratelimitpreview/test";

const DOCKER_HUB = {
  registryUrl: "https://registry-1.docker.io",
  authUrl: "https://auth.docker.io/token",
  service: "registry.docker.io",
} as const;

/**
 * Returns the addresses to ask for the quota of a registry. Only the addresses of Docker Hub are
 * built in.
 *
 * @throws RangeError for another registry without `registryUrl`, and for an invalid URL.
 */
export function quotaEndpoints(registry: string, addresses: QuotaAddresses = {}): QuotaEndpoints {
  const hub = breakerName("registry", registry) === "registry:docker.io";
  if (!hub && addresses.registryUrl === undefined) {
    throw new RangeError(
      `registry is ${show(registry)}, expected "docker.io", because any other registry needs a registry URL`,
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
  // Does not show a URL with an "@", because it may contain credentials.
  if (url === undefined || !http || url.username !== "" || url.password !== "") {
    const shown = text.includes("@")
      ? "an address that is not shown, because it contains an @"
      : show(text);
    throw new RangeError(
      `${label} is ${shown}, expected an http or https address without credentials, such as "https://registry.example"`,
    );
  }
  return url;
}

/** The part of an HTTP response that states a quota. */
export interface QuotaAnswer {
  readonly status: number;
  /** Returns the value of a header; null or undefined if it is missing. `name` is in lower case. */
  header(name: string): string | null | undefined;
}

/**
 * Reads the quota from a response. Returns undefined for a status outside 200 to 299, because such
 * a response states no quota. Status 429 is the exception: it means that the quota is exhausted.
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

/** Reads a header such as `100;w=21600`: an amount, and the length of its window in seconds. */
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
 * Returns the source if it consists of characters of an IP address or account id; null otherwise. A
 * forged value could otherwise inject text into a log.
 */
function readSource(header: string | null | undefined): string | null {
  const source = (header ?? "").trim();
  return /^[\w.:-]{1,128}$/.test(source) ? source : null;
}

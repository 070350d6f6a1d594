/** Asks a registry how many pulls are left, without spending a pull. */

import { CircuitBreakerError, nameErrorClass } from "../breaker/errors.js";
import {
  checkNumber,
  checkText,
  type Field,
  functionField,
  numberField,
  readObject,
  readOptions,
  SOME_MILLISECONDS,
  signalField,
} from "../options/check.js";
import { readUpTo } from "../sockets/bounded-body.js";
import { type Quota, quotaEndpoints, readQuota } from "./quota.js";

/** The part of `fetch` that a probe uses. */
export type QuotaFetch = (
  url: string,
  init: {
    readonly method: "GET" | "HEAD";
    readonly headers: Readonly<Record<string, string>>;
    readonly redirect: "manual";
    readonly signal: AbortSignal;
  },
) => Promise<QuotaHttpAnswer>;

/** The part of a response that a probe uses. */
export interface QuotaHttpAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** A user name with a password or an access token. */
export interface QuotaCredentials {
  readonly username: string;
  readonly password: string;
}

/** Options of {@link probeQuota}. */
export interface QuotaProbeOptions {
  /** Sends the requests. Default: the `fetch` of Node.js. */
  readonly fetch?: QuotaFetch | undefined;
  /**
   * The registry. Default: `"docker.io"`. Any other registry needs `registryUrl`, because only the
   * addresses of Docker Hub are built in.
   */
  readonly registry?: string | undefined;
  /**
   * The address of the registry, such as `"https://registry.example"`. Default: the address of
   * Docker Hub.
   */
  readonly registryUrl?: string | undefined;
  /**
   * The full address of the token server, such as `"https://auth.example/token"`. Default: the
   * token server of Docker Hub; for another registry, none.
   */
  readonly authUrl?: string | undefined;
  /**
   * The account. Default: anonymous. Without an account, the registry states the limit of this
   * machine's IP address.
   */
  readonly credentials?: QuotaCredentials | undefined;
  /** Time limit of the whole probe in milliseconds, above 0. Default: 10,000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Ends the probe when aborted. The promise then rejects with the signal's reason. Default: none.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The reason why a probe failed. `"refused"`: a server refused the credentials or the token.
 * `"unreachable"`: a server could not be reached, or did not answer in time. `"unexpected"`: a
 * server sent a response that does not state the quota.
 */
export type QuotaProbeFailure = "refused" | "unreachable" | "unexpected";

const QUOTA_PROBE_CODE = "QUOTA_PROBE_FAILED";

/**
 * The error of a failed probe. Neither the error nor its message contains credentials or a token.
 */
export class QuotaProbeError extends CircuitBreakerError {
  readonly failure: QuotaProbeFailure;
  /** The host that the failed request was sent to. */
  readonly host: string;
  /**
   * The status of the response. Undefined without a response, and for a response that is too long.
   */
  readonly status: number | undefined;

  constructor(failure: QuotaProbeFailure, host: string, what: string, status?: number) {
    super(`${host} ${what}`, QUOTA_PROBE_CODE);
    this.failure = failure;
    this.host = host;
    this.status = status;
  }

  static {
    nameErrorClass(QuotaProbeError, "QuotaProbeError");
  }
}

/**
 * The size limit of a response that contains a token. Such a response normally has a few kilobytes.
 */
const MAX_TOKEN_ANSWER_BYTES = 256 * 1024;

const FIELDS = {
  fetch: functionField<QuotaFetch>(),
  registry: textField("docker.io"),
  registryUrl: textField(undefined),
  authUrl: textField(undefined),
  credentials: credentialsField(),
  timeoutMs: numberField(10_000, SOME_MILLISECONDS),
  signal: signalField,
};

/**
 * Asks a registry how many pulls are left. First requests a token. Then requests the headers of a
 * manifest that Docker Hub provides for this purpose. Neither request spends a pull.
 *
 * @throws QuotaProbeError when no response states the quota. TypeError or RangeError for an invalid
 * option, such as credentials for a token server without TLS.
 * @example
 * ```ts no-run
 * import { probeQuota } from "dagger-circuit-breaker/dagger";
 *
 * const quota = await probeQuota();
 * console.log(`${quota.remaining} of ${quota.limit} pulls left`);
 * ```
 */
export async function probeQuota(options?: QuotaProbeOptions): Promise<Quota> {
  const settings = readOptions("probeQuota", options, FIELDS);
  const { registry, registryUrl, authUrl, credentials, timeoutMs, signal } = settings;
  const endpoints = quotaEndpoints(registry, { registryUrl, authUrl });
  if (credentials !== undefined) refuseClearText(endpoints.tokenUrl);
  const timeout = AbortSignal.timeout(timeoutMs);
  const exchange = exchangeWith(
    settings.fetch ?? (fetch as unknown as QuotaFetch),
    signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    { signal, timeoutMs },
  );

  let token: string | undefined;
  if (endpoints.tokenUrl !== undefined) {
    const answer = await exchange("GET", endpoints.tokenUrl, basic(credentials), readBody);
    // A pull needs a token, so a rate limit of the token server means that no pull is left.
    const limited = answer.status === 429 && readQuota(endpoints.registry, answer);
    if (limited) return limited;
    token = readToken(answer, endpoints.tokenUrl);
  }
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await exchange("HEAD", endpoints.manifestUrl, headers, async () => "");
  const quota = readQuota(endpoints.registry, answer);
  if (quota !== undefined) return quota;
  throw refusalOf(answer.status, hostOf(endpoints.manifestUrl));
}

interface Answer {
  readonly status: number;
  readonly text: string;
  header(name: string): string | null;
}

type Exchange = (
  method: "GET" | "HEAD",
  url: string,
  headers: Readonly<Record<string, string>>,
  read: (answer: QuotaHttpAnswer, host: string) => Promise<string>,
) => Promise<Answer>;

function exchangeWith(
  send: QuotaFetch,
  signal: AbortSignal,
  limits: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
): Exchange {
  return async (method, url, headers, read) => {
    const host = hostOf(url);
    try {
      // Does not follow a redirect, because the token is for this host alone.
      const answer = await send(url, { method, headers, redirect: "manual", signal });
      const text = await read(answer, host);
      return { status: answer.status, text, header: (name) => answer.headers.get(name) };
    } catch (error) {
      if (limits.signal?.aborted) throw limits.signal.reason;
      if (error instanceof QuotaProbeError) throw error;
      const what = signal.aborted
        ? `did not answer within ${limits.timeoutMs} ms`
        : `could not be reached${codeOf(error)}`;
      throw new QuotaProbeError("unreachable", host, what);
    }
  };
}

async function readBody(answer: QuotaHttpAnswer, host: string): Promise<string> {
  const body = answer.body ? await readUpTo(answer.body, MAX_TOKEN_ANSWER_BYTES) : "";
  if (body !== undefined) return body.toString();
  throw new QuotaProbeError("unexpected", host, "sent an answer that is too long for a token");
}

function readToken(answer: Answer, url: string): string {
  const host = hostOf(url);
  if (answer.status < 200 || answer.status > 299) throw refusalOf(answer.status, host);
  let token: unknown;
  try {
    const body = JSON.parse(answer.text) as Record<string, unknown> | null;
    token = body?.token ?? body?.access_token;
  } catch {
    token = undefined;
  }
  // The token is sent in a header, so only characters of a valid header value are allowed.
  if (typeof token === "string" && /^[\x21-\x7e]{1,65536}$/.test(token)) return token;
  throw new QuotaProbeError("unexpected", host, "answered without a token", answer.status);
}

function refusalOf(status: number, host: string): QuotaProbeError {
  const isDenied = status === 401 || status === 403;
  return new QuotaProbeError(
    isDenied ? "refused" : "unexpected",
    host,
    isDenied ? `refused the credentials (${status})` : `answered with status ${status}`,
    status,
  );
}

function basic(credentials: QuotaCredentials | undefined): Record<string, string> {
  if (credentials === undefined) return {};
  const { username, password } = credentials;
  const encoded = Buffer.from(`${username}:${password}`, "utf8").toString("base64");
  return { authorization: `Basic ${encoded}` };
}

function refuseClearText(tokenUrl: string | undefined): void {
  if (tokenUrl === undefined) {
    throw new RangeError(
      'probeQuota option "credentials" needs a token server: set "authUrl", or omit "credentials"',
    );
  }
  const { protocol, hostname, host } = new URL(tokenUrl);
  const loopback = /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(hostname);
  if (protocol === "https:" || loopback) return;
  throw new RangeError(
    `probeQuota option "authUrl" is an http address (${host}), expected https, because credentials are sent`,
  );
}

function hostOf(url: string): string {
  return new URL(url).host;
}

/**
 * Returns the system's code of an error, such as ECONNREFUSED. Does not use the message, because it
 * may contain credentials.
 */
function codeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : undefined;
  const code = (cause as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? ` (${code})` : "";
}

function textField<const T extends string | undefined>(absent: T): Field<string | T> {
  return { absent, read: (value, label) => checkText(value, label, 2048) };
}

function credentialsField(): Field<QuotaCredentials | undefined> {
  return {
    absent: undefined,
    read(value) {
      const given = readObject("probeQuota credentials", value, ["username", "password"]);
      return {
        username: readSecret(given.username, "username"),
        password: readSecret(given.password, "password"),
      };
    },
  };
}

/**
 * Returns the text if its length is allowed. No error message contains the text, because it is
 * secret.
 */
function readSecret(value: unknown, name: string): string {
  const label = `the length of probeQuota credentials "${name}"`;
  if (typeof value !== "string") {
    throw new TypeError(
      `probeQuota credentials "${name}" is of type ${typeof value}, expected a text`,
    );
  }
  checkNumber(value.length, label, { min: 1, max: 65_536, whole: true, of: "characters" });
  return value;
}

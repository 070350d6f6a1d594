/** Creates a store from a URL. Loads only the code that this store needs. */

import { type Field, readOptions } from "../options/check.js";
import { checkToken } from "./http/token.js";
import type { FleetStore } from "./store.js";
import { sqlitePath } from "./store-url.js";

/** Options of {@link openStore}, for values that a URL does not contain. */
export interface OpenStoreOptions {
  /**
   * The token of `dagger-breaker serve`. Required for `http:` and `https:`; other stores ignore it.
   */
  readonly token?: string | undefined;
  /** The prefix of all keys in Redis, for `redis:` and `rediss:`; other stores ignore it. */
  readonly prefix?: string | undefined;
}

const EXPECTED =
  "redis://HOST:PORT, rediss://HOST:PORT, sqlite:PATH, http://HOST:PORT, https://HOST:PORT or memory:";

/**
 * Declares a text option. Checks only the type, because the store checks the value. Messages do not
 * show the value, because it may be secret.
 */
const TEXT: Field<string | undefined> = {
  absent: undefined,
  read(value, label) {
    if (typeof value === "string") return value;
    throw new TypeError(`${label} is of type ${typeof value}, expected a text`);
  },
};
const FIELDS = { token: TEXT, prefix: TEXT };

/**
 * Creates the store for a URL. The store connects when you call `open()` or send the first command.
 *
 * @param url `redis://HOST:PORT`, `rediss://HOST:PORT`, `sqlite:PATH`, `http://HOST:PORT`,
 * `https://HOST:PORT` or `memory:`.
 * @returns The store. Rejects with a TypeError or RangeError for an invalid URL or option. The
 * message contains the expected value, and shows only the scheme of the URL. Rejects with a {@link
 * FleetStoreError} if a package that the store needs is not installed.
 */
export async function openStore(url: string, options?: OpenStoreOptions): Promise<FleetStore> {
  return openPatientStore(url, undefined, options);
}

/** The default and the maximum of the limit that a store over HTTP has of its own. */
const HTTP_TIMEOUT_MS = { least: 1_000, most: 60_000 };

/**
 * Creates the store for a URL, as {@link openStore} does, for a caller that waits `timeoutMs` for
 * each reply. A store over HTTP gives up by itself, and must not do so before its caller.
 */
export async function openPatientStore(
  url: string,
  timeoutMs: number | undefined,
  options?: OpenStoreOptions,
): Promise<FleetStore> {
  const { token, prefix } = readOptions("openStore", options, FIELDS);
  if (typeof url !== "string") {
    throw new TypeError(`the URL of a store is of type ${typeof url}, expected ${EXPECTED}`);
  }
  const [, scheme = "", rest = ""] = /^([a-z]+):(.*)$/is.exec(url) ?? [];
  switch (scheme.toLowerCase()) {
    case "redis":
    case "rediss": {
      const { openRedis } = await import("./redis/open-redis.js");
      return openRedis(url, prefix);
    }
    case "http":
    case "https": {
      const { httpStore } = await import("./http/http-store.js");
      const { least, most } = HTTP_TIMEOUT_MS;
      return httpStore({
        url,
        token: checkToken(token, 'openStore option "token"'),
        timeoutMs: Math.min(most, Math.max(least, timeoutMs ?? least)),
      });
    }
    case "sqlite": {
      const { sqliteStore } = await import("./sqlite/sqlite-store.js");
      return sqliteStore({ path: sqlitePath(rest) });
    }
    case "memory":
      if (rest === "") return (await import("./memory/memory-store.js")).memoryStore();
  }
  throw new RangeError(`the URL of a store ${shownScheme(url)}, expected ${EXPECTED}`);
}

/**
 * Describes the scheme of a URL for a message. Shows a scheme only if "://" follows, because text
 * before another colon may be a user name.
 */
function shownScheme(url: string): string {
  const [, scheme] = /^([a-z][a-z0-9+.-]{0,19}):\/\//i.exec(url) ?? [];
  return scheme === undefined ? "has an unknown scheme" : `begins with ${scheme}://`;
}

/** Checks the URLs of stores. A URL may contain a password, so no message shows a URL. */

/**
 * The expected form of a Redis URL. It contains no "@", because the command line would mask all
 * text before an "@".
 */
const REDIS_EXPECTED =
  "redis://HOST[:PORT][/DATABASE], or rediss:// for TLS; percent-encode a user or a password";

/**
 * Checks a URL for {@link openStore} without loading the code of its store.
 *
 * @param tokenPlace The place where the user sets the token of an HTTP store, for error messages.
 * @throws TypeError or RangeError that contains the expected value.
 */
export function checkStoreUrl(url: string, tokenPlace: string): void {
  const [, scheme = "", rest = ""] = /^([a-z]+):(.*)$/is.exec(url) ?? [];
  if (/^rediss?$/i.test(scheme)) checkRedisUrl(url);
  else if (/^https?$/i.test(scheme)) readHttpUrl(url, "the URL of the store", tokenPlace);
  else if (/^sqlite$/i.test(scheme)) sqlitePath(rest);
}

/**
 * Checks a Redis URL before a Redis client reads it, because errors of the clients show the whole
 * URL.
 */
export function checkRedisUrl(url: string): void {
  if (typeof url !== "string") {
    throw new TypeError(`the URL of Redis is of type ${typeof url}, expected ${REDIS_EXPECTED}`);
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const fits =
    (parsed?.protocol === "redis:" || parsed?.protocol === "rediss:") &&
    parsed.hostname !== "" &&
    /^(\/\d*)?$/.test(parsed.pathname) &&
    isDecodable(parsed.username + parsed.password);
  if (!fits) throw new RangeError(`the URL of Redis is malformed, expected ${REDIS_EXPECTED}`);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Reads an HTTP URL. No message shows the URL, because it may contain a password. */
export function readHttpUrl(value: unknown, label: string, tokenPlace = 'the option "token"'): URL {
  const expected = "expected http://HOST:PORT or https://HOST:PORT";
  if (typeof value !== "string") {
    throw new TypeError(`${label} is of type ${typeof value}, ${expected}`);
  }
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new RangeError(`${label} is invalid, ${expected}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new RangeError(`${label} must not contain credentials; put the token into ${tokenPlace}`);
  }
  if (url.search !== "" || url.hash !== "") {
    throw new RangeError(`${label} has a query or a fragment, ${expected}`);
  }
  return url;
}

/**
 * Returns the path of a SQLite URL. Rejects an empty path. Also rejects `sqlite://name`, because
 * `name` could mean a host or a path.
 */
export function sqlitePath(path: string): string {
  if (path !== "" && !/^\/\/(?!\/)/.test(path)) return path;
  throw new RangeError(
    "the URL of a SQLite store names no path, expected sqlite:PATH, such as sqlite:/var/lib/fleet.db",
  );
}

/** Checks the URLs of stores. They may hold passwords, so no message shows one. */

/** Shows no "@": the command line would mask what stands before it. */
const REDIS_EXPECTED =
  "redis://HOST[:PORT][/DATABASE], or rediss:// for TLS; percent-encode a user or a password";

/**
 * Checks a URL for {@link openStore} without loading its store.
 *
 * @param tokenPlace The place where the token of an HTTP store is given.
 * @throws TypeError or RangeError that names the expected value.
 */
export function checkStoreUrl(url: string, tokenPlace: string): void {
  const [, scheme = "", rest = ""] = /^([a-z]+):(.*)$/is.exec(url) ?? [];
  if (/^rediss?$/i.test(scheme)) checkRedisUrl(url);
  else if (/^https?$/i.test(scheme)) readHttpUrl(url, "the URL of the store", tokenPlace);
  else if (/^sqlite$/i.test(scheme)) sqlitePath(rest);
}

/** Checks a Redis URL first, because the clients' own errors show all of it. */
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

/** Reads an HTTP URL. No message shows it, even if it is invalid, because it may hold a password. */
export function readHttpUrl(value: unknown, label: string, tokenPlace = 'the option "token"'): URL {
  const expected = "expected http://HOST:PORT or https://HOST:PORT";
  if (typeof value !== "string") {
    throw new TypeError(`${label} is of type ${typeof value}, ${expected}`);
  }
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new RangeError(`${label} cannot be read, ${expected}`);
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
 * Returns the path of a SQLite URL. Rejects `sqlite://name`, because `name` could be a host or a
 * path.
 */
export function sqlitePath(path: string): string {
  if (path !== "" && !/^\/\/(?!\/)/.test(path)) return path;
  throw new RangeError(
    "the URL of a SQLite store names no path, expected sqlite:PATH, such as sqlite:/var/lib/fleet.db",
  );
}

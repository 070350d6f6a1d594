/** Checks the URLs of stores. They may hold passwords, so no message shows one. */

const REDIS_EXPECTED = "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS";

/**
 * Checks a URL whose scheme is one that {@link openStore} knows, without loading its store.
 *
 * @param tokenPlace Where the token of an HTTP store is given.
 * @throws TypeError or RangeError that says what was expected.
 */
export function checkStoreUrl(url: string, tokenPlace: string): void {
  const [, scheme = "", rest = ""] = /^([a-z]+):(.*)$/is.exec(url) ?? [];
  if (/^rediss?$/i.test(scheme)) checkRedisUrl(url);
  else if (/^https?$/i.test(scheme)) readHttpUrl(url, "the URL of the store", tokenPlace);
  else if (/^sqlite$/i.test(scheme)) sqlitePath(rest);
}

/** The clients' own errors for a wrong URL show all of it. */
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
  if (!fits) throw new RangeError(`the URL of Redis is no such URL, expected ${REDIS_EXPECTED}`);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** A URL may hold a password, so no message shows one, not even one that cannot be read. */
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
    throw new RangeError(`${label} has user info, expected it in ${tokenPlace}`);
  }
  if (url.search !== "" || url.hash !== "") {
    throw new RangeError(`${label} has a query or a fragment, ${expected}`);
  }
  return url;
}

/** `sqlite://name` would be a host to some and a path to others. */
export function sqlitePath(path: string): string {
  if (path !== "" && !/^\/\/(?!\/)/.test(path)) return path;
  throw new RangeError(
    "the URL of a SQLite store names no path, expected sqlite:PATH, such as sqlite:/var/lib/fleet.db",
  );
}

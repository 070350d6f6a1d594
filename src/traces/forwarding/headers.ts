/** Selects the headers of an export that are forwarded to the user's collector. */

/** Header names in their original spelling, each with its values. */
export type PassedHeaders = Readonly<Record<string, readonly string[]>>;

/** Headers that describe one connection. Our connection to the collector sets its own. */
const OF_ONE_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Headers that describe the encoding of one body. They would be wrong for another body. */
const OF_ONE_BODY: ReadonlySet<string> = new Set(["content-encoding", "content-type"]);

/** Returns the headers of an export to forward to the collector. They include the user's credentials. */
export function headersToPassOn(rawHeaders: readonly string[]): PassedHeaders {
  const named = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    const known = named.get(name.toLowerCase()) ?? { name, values: [] };
    known.values.push(rawHeaders[index + 1] as string);
    named.set(name.toLowerCase(), known);
  }
  for (const value of named.get("connection")?.values ?? []) {
    for (const name of value.split(",")) named.delete(name.trim().toLowerCase());
  }
  for (const name of OF_ONE_CONNECTION) named.delete(name);
  return toRecord([...named.values()].map(({ name, values }) => [name, values]));
}

/**
 * Returns the headers for a body of our own. They are the headers of a forwarded body, including its
 * credentials, but with our own encoding.
 */
export function headersForOwnBody(headers: PassedHeaders): PassedHeaders {
  const kept = Object.entries(headers).filter(([name]) => !OF_ONE_BODY.has(name.toLowerCase()));
  return toRecord([...kept, ["content-type", ["application/x-protobuf"]]]);
}

/** Returns an object without a prototype, because a header can have any name, even `__proto__`. */
function toRecord(entries: readonly (readonly [string, readonly string[]])[]): PassedHeaders {
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

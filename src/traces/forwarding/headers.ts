/** Selects the headers of an export that go on to the user's collector. */

/** Header names as they came, each with its values. */
export type PassedHeaders = Readonly<Record<string, readonly string[]>>;

/** Headers that belong to one connection. The next connection sets its own. */
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

/** Headers that describe the encoding of one body, so they go with that body only. */
const OF_ONE_BODY: ReadonlySet<string> = new Set(["content-encoding", "content-type"]);

/** Returns the headers of a request to forward, including credentials. */
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

/** Returns the headers for a body of our own to the destination of the body with `headers`. */
export function headersForOwnBody(headers: PassedHeaders): PassedHeaders {
  const kept = Object.entries(headers).filter(([name]) => !OF_ONE_BODY.has(name.toLowerCase()));
  return toRecord([...kept, ["content-type", ["application/x-protobuf"]]]);
}

/** Without a prototype, because a header may have any name. */
function toRecord(entries: readonly (readonly [string, readonly string[]])[]): PassedHeaders {
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

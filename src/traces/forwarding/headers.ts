/** Which headers of an export go on to the collector of the user. */

/** Header names as they came, each with its values. */
export type PassedHeaders = Readonly<Record<string, readonly string[]>>;

/** What belongs to one connection, and what is said anew of the next one. */
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

/** What tells how a body is written, so it goes with that body only. */
const OF_ONE_BODY: ReadonlySet<string> = new Set(["content-encoding", "content-type"]);

/** The headers of a request that go on, credentials included. */
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

/** The headers for a body of our own that goes where the one with `headers` went. */
export function headersForOwnBody(headers: PassedHeaders): PassedHeaders {
  const kept = Object.entries(headers).filter(([name]) => !OF_ONE_BODY.has(name.toLowerCase()));
  return toRecord([...kept, ["content-type", ["application/x-protobuf"]]]);
}

/** Without a prototype, since any name may come. */
function toRecord(entries: readonly (readonly [string, readonly string[]])[]): PassedHeaders {
  return Object.assign(Object.create(null), Object.fromEntries(entries));
}

/**
 * Changes single headers in Node's flat list of names and values, in which all others keep their
 * order, their case and their number.
 */

/** Names and values by turns, as they came. */
export type RawHeaders = readonly string[];

/** The list with one header set: where it stood first, else at the end. */
export function withHeader(headers: RawHeaders, name: string, value: string): string[] {
  const changed: string[] = [];
  let isSet = false;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const key = headers[at] as string;
    if (!isNamed(key, name)) changed.push(key, headers[at + 1] as string);
    else if (!isSet) {
      changed.push(key, value);
      isSet = true;
    }
  }
  if (!isSet) changed.push(name, value);
  return changed;
}

/** The list without some headers. */
export function withoutHeaders(headers: RawHeaders, names: readonly string[]): RawHeaders {
  if (!names.some((name) => hasHeader(headers, name))) return headers;
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const key = headers[at] as string;
    if (!names.some((name) => isNamed(key, name))) kept.push(key, headers[at + 1] as string);
  }
  return kept;
}

/** Whether the list has a header. */
export function hasHeader(headers: RawHeaders, name: string): boolean {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (isNamed(headers[at] as string, name)) return true;
  }
  return false;
}

/** Whether a name is another spelling of one in lower case. Its length alone rules most names out. */
function isNamed(given: string, name: string): boolean {
  return given.length === name.length && (given === name || given.toLowerCase() === name);
}

/** The list as pairs, which is how Node takes trailers. */
export function pairsOf(headers: RawHeaders): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    pairs.push([headers[at] as string, headers[at + 1] as string]);
  }
  return pairs;
}

/** The head of a message as it goes over the wire. */
export function headOf(firstLine: string, headers: RawHeaders): Buffer {
  const lines = pairsOf(headers).map(([key, value]) => `${key}: ${value}\r\n`);
  return Buffer.from(`${firstLine}\r\n${lines.join("")}\r\n`, "latin1");
}

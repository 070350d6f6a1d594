/**
 * Changes single headers in Node's flat list of names and values. All other headers keep their order, case
 * and repetitions.
 */

/** A flat list, as received: each header name is followed by its value. */
export type RawHeaders = readonly string[];

/** Returns the list with one header set. The header keeps its position, or is added at the end. */
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

/** Returns the list without the headers of these names. Give the names in lower case. */
export function withoutHeaders(headers: RawHeaders, names: readonly string[]): RawHeaders {
  if (!names.some((name) => hasHeader(headers, name))) return headers;
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const key = headers[at] as string;
    if (!names.some((name) => isNamed(key, name))) kept.push(key, headers[at + 1] as string);
  }
  return kept;
}

export function hasHeader(headers: RawHeaders, name: string): boolean {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (isNamed(headers[at] as string, name)) return true;
  }
  return false;
}

/**
 * Returns whether a header has this name. `name` is in lower case; `given` may be in any case. The length
 * is compared first, because it rules out most names at little cost.
 */
function isNamed(given: string, name: string): boolean {
  return given.length === name.length && (given === name || given.toLowerCase() === name);
}

/** Returns the list as pairs of name and value, the form that Node expects for trailers. */
export function pairsOf(headers: RawHeaders): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    pairs.push([headers[at] as string, headers[at + 1] as string]);
  }
  return pairs;
}

/** Returns the first line and the headers of a message as bytes. */
export function headOf(firstLine: string, headers: RawHeaders): Buffer {
  const lines = pairsOf(headers).map(([key, value]) => `${key}: ${value}\r\n`);
  return Buffer.from(`${firstLine}\r\n${lines.join("")}\r\n`, "latin1");
}

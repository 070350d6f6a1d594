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
  for (const [key, old] of pairsOf(headers)) {
    if (key.toLowerCase() !== name) changed.push(key, old);
    else if (!isSet) {
      changed.push(key, value);
      isSet = true;
    }
  }
  if (!isSet) changed.push(name, value);
  return changed;
}

/** The list without some headers. */
export function withoutHeaders(headers: RawHeaders, names: readonly string[]): string[] {
  return pairsOf(headers)
    .filter(([key]) => !names.includes(key.toLowerCase()))
    .flat();
}

/** Whether the list has a header. */
export function hasHeader(headers: RawHeaders, name: string): boolean {
  return pairsOf(headers).some(([key]) => key.toLowerCase() === name);
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

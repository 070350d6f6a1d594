/** Reads dates and delays from HTTP headers. */

const MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";
/**
 * Matches a date of either form: `Wed, 21 Oct 2026 07:28:00 GMT`, or the older `Wednesday,
 * 21-Oct-26 07:28:00 GMT`.
 */
export const HTTP_DATE = new RegExp(
  `(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? [0-9]{1,2}[ -](?:${MONTHS})[ -][0-9]{2,4} [0-9]{2}:[0-9]{2}:[0-9]{2} (?:gmt|utc)`,
  "i",
);

/**
 * Returns the milliseconds from `nowMs` until a date. Returns null if the date is invalid or past.
 */
export function msUntil(date: string, nowMs: number): number | null {
  const [found] = HTTP_DATE.exec(date) ?? [];
  const atMs = found === undefined ? Number.NaN : Date.parse(found.replaceAll("-", " "));
  return atMs > nowMs ? atMs - nowMs : null;
}

/**
 * Matches a delay in whole seconds. Allows nine digits, about 31 years, because no real delay is
 * longer.
 */
const SECONDS = /^\s{0,8}([0-9]{1,9})\s{0,8}$/;

/**
 * Reads the value of a `Retry-After` header: seconds or a date. Returns the delay from now in
 * milliseconds. Returns null if the header is missing or invalid, or if its date is past.
 */
export function readRetryAfter(header: string | null | undefined): number | null {
  const seconds = SECONDS.exec(header ?? "")?.[1];
  return seconds === undefined ? msUntil(header ?? "", Date.now()) : Number(seconds) * 1000;
}

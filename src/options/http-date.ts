/** Reads the dates and delays of HTTP headers. */

const MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";
/** `Wed, 21 Oct 2026 07:28:00 GMT`, and the older `Wednesday, 21-Oct-26 07:28:00 GMT`. */
export const HTTP_DATE = new RegExp(
  `(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? [0-9]{1,2}[ -](?:${MONTHS})[ -][0-9]{2,4} [0-9]{2}:[0-9]{2}:[0-9]{2} (?:gmt|utc)`,
  "i",
);

/** Returns the milliseconds until a date; null if the date is invalid or past. */
export function msUntil(date: string, nowMs: number): number | null {
  const [found] = HTTP_DATE.exec(date) ?? [];
  const atMs = found === undefined ? Number.NaN : Date.parse(found.replaceAll("-", " "));
  return atMs > nowMs ? atMs - nowMs : null;
}

/** At most nine digits: more than 31 years is not a delay. */
const SECONDS = /^\s{0,8}([0-9]{1,9})\s{0,8}$/;

/**
 * Reads `Retry-After`, in seconds or as a date. Returns milliseconds from now, or null if it is
 * neither.
 */
export function readRetryAfter(header: string | null | undefined): number | null {
  const seconds = SECONDS.exec(header ?? "")?.[1];
  return seconds === undefined ? msUntil(header ?? "", Date.now()) : Number(seconds) * 1000;
}

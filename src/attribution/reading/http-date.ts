/** Reads the dates of HTTP headers. */

const MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";
/** `Wed, 21 Oct 2026 07:28:00 GMT`, and the older `Wednesday, 21-Oct-26 07:28:00 GMT`. */
export const HTTP_DATE = new RegExp(
  `(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? [0-9]{1,2}[ -](?:${MONTHS})[ -][0-9]{2,4} [0-9]{2}:[0-9]{2}:[0-9]{2} (?:gmt|utc)`,
  "i",
);

/** How long it is until a date, in milliseconds; null for what is no date, or one that is over. */
export function msUntil(date: string, nowMs: number): number | null {
  const [found] = HTTP_DATE.exec(date) ?? [];
  const atMs = found === undefined ? Number.NaN : Date.parse(found.replaceAll("-", " "));
  return atMs > nowMs ? atMs - nowMs : null;
}

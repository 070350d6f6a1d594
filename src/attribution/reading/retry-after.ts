/** Reads the delay that a server asked for, from a text such as `retry after 30s`. */

import { HTTP_DATE, msUntil } from "../../options/http-date.js";

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  sec: 1_000,
  secs: 1_000,
  second: 1_000,
  seconds: 1_000,
  m: 60_000,
  min: 60_000,
  mins: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
};

const STATED =
  /(?:retry[-_ ]after|requested delay|try again (?:in|after)|please wait|available again in)["']?(?: header)?[:= ]{1,3}["']?([0-9]{1,9}(?:\.[0-9]{1,9})?) ?([a-zµ]{1,7})?/i;
const REST = /^([0-9]{1,4}(?:\.[0-9]{1,9})?)(ms|m|s)/;

const STATED_DATE = new RegExp(
  `retry[-_ ]after["']?(?: header)?[:= ]{1,3}["']?(${HTTP_DATE.source})`,
  "i",
);

/**
 * Returns the delay in milliseconds, from a duration or a date. A number without a unit means seconds.
 * Returns null without a delay.
 */
export function readRetryAfter(text: string, nowMs = Date.now()): number | null {
  const match = STATED.exec(text);
  if (match === null) return msUntil(STATED_DATE.exec(text)?.[1] ?? "", nowMs);
  const unit = UNITS_MS[(match[2] ?? "s").toLowerCase()] ?? 1_000;
  let total = Number(match[1]) * unit;
  // Go prints durations such as "1m30s", so a number directly after a unit still belongs to the duration.
  let rest = text.slice(match.index + match[0].length, match.index + match[0].length + 32);
  for (let more = REST.exec(rest); more !== null; more = REST.exec(rest)) {
    total += Number(more[1]) * (UNITS_MS[more[2] ?? "s"] ?? 1_000);
    rest = rest.slice(more[0].length);
  }
  // Rounds up to whole milliseconds, so that no retry is early. Rounds to microseconds first, because 0.1 s
  // can become 100.00000000000001 ms in floating-point numbers.
  return Math.ceil(Math.round(total * 1000) / 1000);
}

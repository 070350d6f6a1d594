/** Whether a server answered with what it was asked for: it may be any program. */

import { isSnapshot } from "../reply-shape.js";
import type { FleetChange } from "../rules/reply.js";
import type { FleetEntry } from "../store.js";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => Number.isFinite(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

const reporter = fields({ id: isText, host: isText, run: orNull(isText) });
const failure = fields({ fault: orNull(isText), rule: isText, reporter });
const change = fields({
  atMs: isNumber,
  generation: isNumber,
  reason: isText,
  from: isText,
  to: isText,
  forMs: orNull(isNumber),
  by: orNull(reporter),
  failure: orNull(failure),
  owner: orNull(isText),
  note: orNull(isText),
});
const entry = fields({ name: isText, snapshot: isSnapshot });

/** Whether a value is a circuit of a list. */
export function isEntry(value: unknown): value is FleetEntry {
  return entry(value);
}

/** Whether a value is a list of circuits. */
export function isList(value: unknown): value is readonly FleetEntry[] {
  return Array.isArray(value) && value.every(entry);
}

/** Whether a value is a history. */
export function isHistory(value: unknown): value is readonly FleetChange[] {
  return Array.isArray(value) && value.every(change);
}

function fields(checks: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (typeof value !== "object" || value === null) return false;
    const found: Readonly<Record<string, unknown>> = { ...value };
    return Object.entries(checks).every(([name, check]) => check(found[name]));
  };
}

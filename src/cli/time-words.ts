/** Renders durations for tables and sentences. */

const DAY_MS = 24 * 60 * 60 * 1000;

/** Renders milliseconds as a duration, such as `6 h`, `1 min 30 s` or `250 ms`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  return parts
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}

/** Renders a wait. Rounds up to whole seconds, but keeps milliseconds below one second. */
export function waitText(ms: number): string {
  return ms < 1000 ? durationText(ms) : durationText(Math.ceil(ms / 1000) * 1000);
}

/**
 * Renders an age in its largest unit, such as `3 d`, `5 h` or `12 min`. Returns `now` below one
 * second.
 */
export function ageText(ageMs: number): string {
  if (ageMs >= DAY_MS) return `${Math.floor(ageMs / DAY_MS)} d`;
  if (ageMs < 1000) return "now";
  return durationText(ageMs).split(" ").slice(0, 2).join(" ");
}

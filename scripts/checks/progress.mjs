/**
 * Shows the progress of a section. A terminal gets one line that changes. Any other output gets a line
 * every few seconds.
 */

/**
 * The time between two lines when the output is not a terminal. It is long, so that a log of CI stays
 * short.
 */
const LOG_INTERVAL_MS = 10_000;
const TERMINAL_INTERVAL_MS = 500;

/** Shows the progress of one section. `update` takes a text such as `34 of 277 files`. */
export function progressLine(title, out = process.stdout) {
  const start = performance.now();
  let state = "";
  const text = () => {
    const seconds = Math.round((performance.now() - start) / 1_000);
    return [`${title} ...`, state, `${seconds} s`].filter(Boolean).join(" ");
  };
  const print = out.isTTY
    ? () => out.write(`\r\u001b[K${text().slice(0, (out.columns || 80) - 1)}`)
    : () => out.write(`${text()}\n`);
  if (out.isTTY) print();
  const timer = setInterval(print, out.isTTY ? TERMINAL_INTERVAL_MS : LOG_INTERVAL_MS);
  return {
    update: (next) => {
      state = next;
    },
    end: () => {
      clearInterval(timer);
      if (out.isTTY) out.write("\r\u001b[K");
    },
  };
}

/** Runs sections one after the other: progress, limits, totals and the closing line. */

import { progressLine } from "./progress.mjs";

/** A section that runs longer than this hangs. */
const SECTION_LIMIT_MS = 10 * 60_000;
/** And so does the whole. */
const WHOLE_LIMIT_MS = 60 * 60_000;
/** How many failures the end names, and how much of each. */
const SHOWN_FAILURES = 30;
const SHOWN_CHARACTERS = 240;

/** Everything that one call of scripts/test.sh does. */
export class Sections {
  #totals = { passed: 0, failed: 0, skipped: 0 };
  #whole = new AbortController();
  #timer;
  #times = [];
  #failures = [];
  #hints = new Set();
  #printed = false;

  #sectionLimitMs;
  #out;

  constructor({
    sectionLimitMs = SECTION_LIMIT_MS,
    wholeLimitMs = WHOLE_LIMIT_MS,
    out = process.stdout,
  } = {}) {
    this.#sectionLimitMs = sectionLimitMs;
    this.#out = out;
    this.#timer = setTimeout(
      () => this.#whole.abort(`ended: the whole run took longer than ${minutes(wholeLimitMs)}`),
      wholeLimitMs,
    );
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      process.once(signal, () => this.#whole.abort(`ended by ${signal}`));
    }
  }

  /**
   * Runs one section and prints one line for it, and its whole output when it fails.
   *
   * The body gets `{ signal, progress }`. It resolves to a `note` for the line, the `output` of a failure
   * (`failed`), the names of `failures`, and the `counts` of tests. A failure that no test counts is
   * counted here.
   * Resolves to whether the section passed.
   */
  async run(title, body) {
    const start = performance.now();
    if (this.#whole.signal.aborted) return this.#report(title, start, this.#notRun());
    const line = progressLine(title, this.#out);
    const limit = new AbortController();
    const timer = setTimeout(
      () => limit.abort(`ended: this section took longer than ${minutes(this.#sectionLimitMs)}`),
      this.#sectionLimitMs,
    );
    const signal = AbortSignal.any([limit.signal, this.#whole.signal]);
    const result = await Promise.resolve(body({ signal, progress: line.update })).catch(
      (error) => ({
        failed: error.stack ?? String(error),
      }),
    );
    clearTimeout(timer);
    line.end();
    const ended = signal.aborted && result.failed === undefined ? { failed: signal.reason } : {};
    return this.#report(title, start, { ...result, ...ended });
  }

  /** Notes why tests are skipped, and how to mend it, for the line before the last. */
  skipHint(problem) {
    this.#hints.add(problem);
  }

  /** Seconds of each section so far, by title. */
  get times() {
    return this.#times;
  }

  /** Prints what failed, then the closing line, and sets the exit code. */
  close() {
    if (this.#printed) return;
    this.#printed = true;
    clearTimeout(this.#timer);
    const { passed, failed, skipped } = this.#totals;
    this.#printFailures();
    console.log("");
    const skips = skipped > 0 ? `, ${skipped} skipped` : "";
    if (this.#hints.size > 0) {
      const how = `./scripts/test.sh --install installs what is missing`;
      console.log(`${skipped} tests were skipped; ${how} (${[...this.#hints].join("; ")})`);
    }
    console.log(`${passed} passed, ${failed} failed${skips}`);
    process.exitCode = failed === 0 ? 0 : 1;
  }

  /** Prints the failures again, since a log of CI may show only its end. */
  #printFailures() {
    if (this.#failures.length === 0) return;
    console.log("\nFailed:");
    for (const text of this.#failures.slice(0, SHOWN_FAILURES)) console.log(`  ${text}`);
    const more = this.#failures.length - SHOWN_FAILURES;
    if (more > 0) console.log(`  and ${more} more`);
  }

  #notRun() {
    return { failed: `not run: ${this.#whole.signal.reason}` };
  }

  #report(title, start, { note, failed, failures = [], counts = {} }) {
    const { passed = 0, failed: failedTests = 0, skipped = 0 } = counts;
    this.#totals.passed += passed;
    this.#totals.skipped += skipped;
    // A file that does not load, an unhandled rejection or a missed threshold fails no single test.
    const least = failed === undefined ? 0 : Math.max(1, failures.length);
    this.#totals.failed += Math.max(failedTests, least);
    const seconds = (performance.now() - start) / 1_000;
    this.#times.push({ title, seconds });
    const state = failed === undefined ? "ok" : "FAILED";
    console.log([`${title}: ${state}`, note, `${seconds.toFixed(1)} s`].filter(Boolean).join(", "));
    if (failed !== undefined) console.log(`\n${failed.trimEnd()}\n`);
    if (failed !== undefined) {
      const names = failures.length > 0 ? failures : [tellingLine(failed)];
      this.#failures.push(...names.map((name) => cut(`${title}: ${name}`)));
    }
    return failed === undefined;
  }
}

/** Returns the line of an output that most likely explains the failure. */
function tellingLine(output) {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  return (lines.find((line) => /error|ended:/i.test(line)) ?? lines[0] ?? "").trim();
}

function cut(text) {
  const line = text.replace(/\s+/g, " ");
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}...` : line;
}

function minutes(ms) {
  return `${ms / 60_000} minutes`;
}

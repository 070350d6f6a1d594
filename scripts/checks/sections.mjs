/** Runs sections one after the other, with progress, time limits, totals and a closing line. */

import { progressLine } from "./progress.mjs";

/** The time limit of a section, after which it counts as hanging. */
const SECTION_LIMIT_MS = 10 * 60_000;
/** The time limit of all sections together. */
const WHOLE_LIMIT_MS = 60 * 60_000;
/** How many failures to list at the end, and how many characters of each. */
const SHOWN_FAILURES = 30;
const SHOWN_CHARACTERS = 240;

/** Runs and counts the sections of one run of scripts/test.sh. */
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
   * Runs one section. Prints one line about it, and its whole output when it fails. Resolves to whether it
   * passed.
   *
   * `body` gets `{ signal, progress }`. It resolves to an object with optional fields: a `note` for the
   * line, the output of a failure in `failed`, the names of `failures`, and the `counts` of tests. A
   * failure that the counts miss is counted here.
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

  /** Adds a hint for the end of the output: why tests were skipped, and how to fix that. */
  skipHint(problem) {
    this.#hints.add(problem);
  }

  /** Returns the seconds that each section has taken so far, with its title. */
  get times() {
    return this.#times;
  }

  /** Prints the failures and the closing line, and sets the exit code. */
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

  /** Prints the failures again, because a log of CI may show only its end. */
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
    // Some failures fail no single test: a file that cannot be loaded, an unhandled rejection, or missing
    // coverage. Each counts as one failure.
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

/** Returns the line of an output that most likely explains a failure. */
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

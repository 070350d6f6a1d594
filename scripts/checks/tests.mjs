/** Runs test files in Vitest, on a given Node.js, and reports counts and times. */

import { join } from "node:path";
import { runCommand } from "./command.mjs";

const VITEST = join("node_modules", "vitest", "vitest.mjs");
const REPORTER = "./scripts/checks/vitest-reporter.mjs";
/** A pattern that no title matches: the tests are collected, counted and skipped, and no hook runs. */
const NOTHING = "(?!)";

/**
 * Runs `files` as one section. `skips` counts them without running them. `times`, an array, gets a
 * row for each file.
 */
export async function runTests(sections, title, files, options = {}) {
  if (files.length === 0) return true;
  const { node = process.execPath, args = [], env = {}, skips = false, times = [] } = options;
  return sections.run(title, async ({ signal, progress }) => {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const failures = [];
    const running = new Set();
    const vitest = [VITEST, "run", "--reporter=minimal", `--reporter=${REPORTER}`, ...args];
    if (skips) vitest.push("--testNamePattern", NOTHING);
    const { status, output } = await runCommand(node, [...vitest, ...files], {
      env: { ...process.env, ...env, NO_COLOR: "1" },
      signal,
      onMessage: (message) => {
        if (message.started !== undefined) running.add(message.started);
        if (message.unhandled !== undefined) failures.push(...message.unhandled);
        if (message.file === undefined) return;
        const { done, total, file, testsMs, loadMs } = message;
        running.delete(file);
        for (const key of Object.keys(counts)) counts[key] += message.counts[key];
        failures.push(...message.failures.map((name) => `${file} > ${name}`));
        times.push({ section: title, file, seconds: (testsMs + loadMs) / 1_000 });
        progress(`${done} of ${total} files`);
      },
    });
    const { passed, failed, skipped } = counts;
    const note = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
    // Vitest ends with 1 where every test was skipped by a pattern and passes are asked for.
    const isFine = failed === 0 && (status === 0 || (skips && passed === 0 && skipped > 0));
    if (isFine) return { note, counts };
    failures.push(...[...running].map((name) => `${name} had not ended`));
    return { note, counts, failed: output, failures };
  });
}

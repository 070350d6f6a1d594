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
  const { args = [], skips = false, times = [], ...how } = options;
  return sections.run(title, async ({ signal, progress }) => {
    const pattern = skips ? ["--testNamePattern", NOTHING] : [];
    const { status, output, counts, failures } = await runVitest([...args, ...pattern, ...files], {
      ...how,
      signal,
      onFile: ({ done, total, file, seconds }) => {
        times.push({ section: title, file, seconds });
        progress(`${done} of ${total} files`);
      },
    });
    const { passed, failed, skipped } = counts;
    const note = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
    // Vitest ends with 1 where every test was skipped by a pattern and passes are asked for.
    const isFine = failed === 0 && (status === 0 || (skips && passed === 0 && skipped > 0));
    return { note, counts, ...(isFine ? {} : { failed: output, failures }) };
  });
}

/** Runs Vitest. Resolves to its status and output, the counts of tests, and the names of what failed. */
export async function runVitest(args, { node = process.execPath, env = {}, signal, onFile }) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];
  const running = new Set();
  const vitest = [VITEST, "run", "--reporter=minimal", `--reporter=${REPORTER}`, ...args];
  const ended = await runCommand(node, vitest, {
    env: { ...process.env, ...env, NO_COLOR: "1" },
    signal,
    onMessage: (message) => {
      if (message.started !== undefined) running.add(message.started);
      if (message.unhandled !== undefined) failures.push(...message.unhandled);
      if (message.file === undefined) return;
      const { file, testsMs, loadMs } = message;
      running.delete(file);
      for (const key of Object.keys(counts)) counts[key] += message.counts[key];
      failures.push(...message.failures.map((name) => `${file} > ${name}`));
      onFile({ ...message, seconds: (testsMs + loadMs) / 1_000 });
    },
  });
  failures.push(...[...running].map((name) => `${name} had not ended`));
  return { ...ended, counts, failures };
}

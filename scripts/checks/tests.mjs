/** Runs test files with Vitest on a given Node.js. Reports counts and times. */

import { join } from "node:path";
import { runCommand } from "./command.mjs";

const VITEST = join("node_modules", "vitest", "vitest.mjs");
const REPORTER = "./scripts/checks/vitest-reporter.mjs";
/** A pattern that matches no title. With it, tests are counted as skipped, and no hook runs. */
const NOTHING = "(?!)";

/**
 * Runs `files` as one section. With `skips`, the tests are counted as skipped and do not run. For each
 * file, a row is added to the array `times`.
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
    // When a pattern skips all tests, Vitest exits with 1 unless it may pass without tests. That is not a
    // failure here.
    const isFine = failed === 0 && (status === 0 || (skips && passed === 0 && skipped > 0));
    return { note, counts, ...(isFine ? {} : { failed: output, failures }) };
  });
}

/** Runs Vitest. Resolves to its status and output, the counts of tests, and the names of failed tests. */
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

/**
 * Looks for tests that fail by chance: `node scripts/flaky.mjs [--rounds 10] [--busy 1] [FILE...]`.
 *
 * It runs the given files several times. By default it runs all files that start processes or open sockets.
 * Each round uses one worker, while threads keep the machine busy. At the end it prints which tests failed,
 * and how often.
 */

import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { selectTests } from "./checks/selection.mjs";
import { runVitest } from "./checks/tests.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "10" },
    busy: { type: "string", default: "1" },
  },
});
const files =
  positionals.length > 0
    ? positionals
    : selectTests().flatMap(({ path, project }) => (project === "separate" ? [path] : []));
// Threads are used because they always end with the process.
const busy = Array.from(
  { length: Number(values.busy) },
  () => new Worker("for (;;);", { eval: true }),
);
const failures = new Map();
let ended = 0;

try {
  for (let round = 1; round <= Number(values.rounds); round += 1) await run(round);
} finally {
  await Promise.all(busy.map((thread) => thread.terminate()));
}
console.log(`${ended} runs of ${files.length} files, ${failures.size} kinds of failure`);
for (const [name, count] of failures) console.log(`${count} times: ${name}`);
process.exitCode = failures.size === 0 && ended > 0 ? 0 : 1;

async function run(round) {
  const args = ["--maxWorkers=1", ...files];
  const result = await runVitest(args, { onFile: () => (ended += 1) });
  for (const name of result.failures) failures.set(name, (failures.get(name) ?? 0) + 1);
  const isFine = result.status === 0;
  console.log(`${new Date().toISOString()} round ${round}: ${isFine ? "ok" : "FAILED"}`);
  if (!isFine) console.log(result.output);
}

/** Tells scripts/checks/vitest-run.mjs, over a descriptor of its own, how far the tests are. */

import { writeSync } from "node:fs";

const DESCRIPTOR = 3;

export default class ProgressReporter {
  #total = 0;
  #done = 0;

  onTestRunStart(specifications) {
    this.#total = specifications.length;
  }

  onTestModuleEnd(testModule) {
    this.#done += 1;
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const test of testModule.children.allTests()) counts[test.result().state] += 1;
    const { duration, collectDuration, setupDuration, prepareDuration, environmentSetupDuration } =
      testModule.diagnostic();
    tell({
      done: this.#done,
      total: this.#total,
      file: testModule.relativeModuleId,
      counts,
      testsMs: Math.round(duration),
      loadMs: Math.round(
        collectDuration + setupDuration + prepareDuration + environmentSetupDuration,
      ),
    });
  }
}

function tell(message) {
  try {
    writeSync(DESCRIPTOR, `${JSON.stringify(message)}\n`);
  } catch {
    // Nobody listens: vitest was started by hand.
  }
}

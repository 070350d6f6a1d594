/** Reports the progress of tests to scripts/checks/tests.mjs over a separate descriptor. */

import { writeSync } from "node:fs";

const DESCRIPTOR = 3;

export default class ProgressReporter {
  #total = 0;
  #done = 0;

  onTestRunStart(specifications) {
    this.#total = specifications.length;
  }

  onTestRunEnd(_testModules, unhandled) {
    tell({ unhandled: unhandled.map(({ message }) => `unhandled: ${message}`) });
  }

  onTestModuleStart({ relativeModuleId }) {
    tell({ started: relativeModuleId });
  }

  onTestModuleEnd(testModule) {
    this.#done += 1;
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const failures = [];
    if (testModule.errors().length > 0) failures.push("the file itself");
    for (const suite of testModule.children.allSuites()) {
      if (suite.errors().length > 0) failures.push(`${suite.fullName} (a hook)`);
    }
    for (const test of testModule.children.allTests()) {
      const { state } = test.result();
      counts[state] += 1;
      if (state === "failed") failures.push(test.fullName);
    }
    const { duration, collectDuration, setupDuration, prepareDuration, environmentSetupDuration } =
      testModule.diagnostic();
    tell({
      done: this.#done,
      total: this.#total,
      file: testModule.relativeModuleId,
      counts,
      failures,
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
    // The descriptor is missing when a developer runs Vitest directly.
  }
}

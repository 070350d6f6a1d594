// The tests, the kind of process for each, and the folders that need full coverage of branches.
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { CORE, isAlone, PROJECTS, selectTests } from "./scripts/checks/selection.mjs";

const selected = selectTests();
/** Files that start processes wait for them most of the time. */
const WAITING = ["separate", "all"];
const CORES = availableParallelism();

/** Files that are not alone share a process and its modules: loading these takes a second for each file. */
const projects = PROJECTS.flatMap((name, order) =>
  [false, true].map((isolate) => ({
    extends: true,
    test: {
      name: isolate ? `${name}, alone` : name,
      include: selected
        .filter((file) => file.project === name && isAlone(file) === isolate)
        .map(({ path }) => path),
      isolate,
      maxWorkers: WAITING.includes(name) ? 2 * CORES : CORES,
      sequence: { groupOrder: order },
    },
  })),
).filter(({ test }) => test.include.length > 0);

export default defineConfig({
  test: {
    // A test ends by its conditions. These limits are for what hangs, on a machine however busy.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 120_000 } },
    setupFiles: ["./tests/patience.ts"],
    globalSetup: ["./tests/clean-project.ts"],
    projects,
    dangerouslyIgnoreUnhandledErrors: false,
    coverage: {
      provider: "v8",
      include: CORE.map((folder) => `${folder}**`),
      exclude: ["**/*.test.ts"],
      reporter: ["text", "json-summary"],
      thresholds: { branches: 100 },
    },
  },
});

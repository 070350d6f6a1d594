// The tests, the kind of process for each, and the folders that need full coverage of branches.
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { CORE, PROJECTS, selectTests } from "./scripts/checks/selection.mjs";

const selected = selectTests();
/** Files that start processes wait for them most of the time. */
const WAITING = ["separate", "all"];
const CORES = availableParallelism();

const projects = PROJECTS.map((name, order) => ({
  extends: true,
  test: {
    name,
    include: selected.filter(({ project }) => project === name).map(({ path }) => path),
    // All files of a worker share its process and modules. Loading the modules again costs about a second of
    // processor time for each file. So no file may leave anything behind in the process.
    isolate: false,
    maxWorkers: WAITING.includes(name) ? 2 * CORES : CORES,
    sequence: { groupOrder: order },
  },
}));

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

import { expect, test } from "vitest";
import { memoryStore } from "../../fleet/memory/memory-store.js";
import { RUNS_CIRCUIT } from "../../fleet/rules/run-report.js";
import { readNames } from "./names.js";
import { readCircuits } from "./with-store.js";

test("the circuit that counts runs is rejected by name and not listed", async () => {
  expect(() => readNames(["registry:docker.io", RUNS_CIRCUIT])).toThrow(
    'invalid <name>: "dagger-breaker:runs" is reserved for counts of runs; use the name of a circuit, such as registry:docker.io',
  );
  const store = memoryStore();
  const tell = { kind: "tell", rejections: 1, runs: [], failedRunsMs: [] } as const;
  for (const name of [RUNS_CIRCUIT, "registry:docker.io"]) {
    await store.run({ scope: "default", name }, tell);
  }
  const listed = await readCircuits({ store, scope: "default" }, []);
  expect(listed.map(({ name }) => name)).toEqual(["registry:docker.io"]);
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { processTable } from "./process-table.js";

test("a process is there with its parent until it has ended", async () => {
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  const found = processTable().find(({ pid }) => pid === child.pid);
  expect(found).toMatchObject({ parent: process.pid, since: expect.stringMatching(/\d/) });
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(processTable().find(({ pid }) => pid === child.pid)).toBeUndefined();
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { processTable, readPsLine, readStat } from "./process-table.js";

test("lists a process with its parent until it has ended", async () => {
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  const found = processTable().find(({ pid }) => pid === child.pid);
  expect(found).toMatchObject({ parent: process.pid, since: expect.stringMatching(/\d/) });
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(processTable().find(({ pid }) => pid === child.pid)).toBeUndefined();
});

test("does not list a process that has ended and waits to be reaped, in either source", () => {
  expect(readStat(7, "7 (a) b) S 1 5 5 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 0")).toEqual({
    pid: 7,
    parent: 1,
    group: 5,
    since: "12345",
  });
  expect(
    readStat(7, "7 (sh) Z 1 5 5 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 0"),
  ).toBeUndefined();
  expect(readPsLine(" 7 1 5 Ss+ Mon Nov 30 10:00:00 2026")).toMatchObject({ pid: 7, group: 5 });
  expect(readPsLine(" 7 1 5 Z+ Mon Nov 30 10:00:00 2026")).toBeUndefined();
});

import { expect, test } from "vitest";
import { readsStopping } from "./stops-by-default.js";

const status = (ignored: string, caught: string) =>
  `Name:\tsleep\nSigBlk:\t0000000000000000\nSigIgn:\t${ignored}\nSigCgt:\t${caught}\nCapInh:\t0\n`;

test("SIGTSTP stops a process that neither handles nor ignores it", () => {
  expect(readsStopping(status("0000000000000004", "0000000000010002"))).toBe(true);
});

test.each([
  ["ignores", status("0000000000080000", "0000000000000000")],
  ["handles", status("0000000000000000", "0000000000080000")],
])("SIGTSTP does not stop one that %s", (_how, text) => {
  expect(readsStopping(text)).toBe(false);
});

test("returns false if the system does not show it", () => {
  expect(readsStopping("Name:\tsleep\n")).toBe(false);
});

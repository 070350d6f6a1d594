import { expect, test } from "vitest";
import { statusLine } from "./status-line.js";
import { cutInFront, execError, goJson, systemErrorText } from "./wire-errors.js";

test("keeps an output of 100 KiB whole, and cuts one byte more in front", () => {
  const whole = "x".repeat(102_400);
  expect(cutInFront(whole)).toBe(whole);
  const cut = cutInFront(`${whole}y`);
  expect(cut).toMatch(/^\[omitting 1 bytes\]\.\.\.x+y$/);
  expect(cut).toHaveLength(102_400);
});

test("a failed command keeps all but the last newline of its outputs", () => {
  const error = execError({ command: ["a"], exitCode: 2, stdout: "x\n\n", stderr: "y" });
  expect(error.extensions).toEqual({
    _type: "EXEC_ERROR",
    cmd: ["a"],
    exitCode: 2,
    stderr: "y",
    stdout: "x\n",
  });
});

test("JSON is escaped as Go escapes it", () => {
  expect(goJson({ a: "<&>\u2028" })).toBe(String.raw`{"a":"\u003c\u0026\u003e\u2028"}`);
});

test("words system errors and statuses as Go does", () => {
  expect(systemErrorText({ code: "ENOENT" })).toBe("no such file or directory");
  expect(systemErrorText({ code: "EWHATEVER" })).toBe("EWHATEVER");
  expect(systemErrorText("text")).toBe("text");
  expect(statusLine(429)).toBe("429 Too Many Requests");
  expect(statusLine(599)).toBe("599");
});

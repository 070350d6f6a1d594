import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { paintFor, say, type Terminal, tableLines } from "./terminal.js";
import { durationText } from "./time-words.js";

function terminalWith(isTTY: boolean, env: Record<string, string> = {}): Terminal {
  const stream = () => Object.assign(new PassThrough(), { isTTY });
  return { stdin: stream(), stdout: stream(), stderr: stream(), env };
}

test("a terminal gets colors", () => {
  expect(paintFor(terminalWith(true)).red("x")).toBe("\u001b[31mx\u001b[39m");
});

test.each([
  ["what is no terminal", terminalWith(false)],
  ["NO_COLOR", terminalWith(true, { NO_COLOR: "1" })],
  ["a dumb terminal", terminalWith(true, { TERM: "dumb" })],
])("%s gets none", (_what, terminal) => {
  expect(paintFor(terminal).red("x")).toBe("x");
});

test("an empty NO_COLOR has no effect", () => {
  expect(paintFor(terminalWith(true, { NO_COLOR: "" })).bold("x")).not.toBe("x");
});

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1000, "1 s"],
  [90_000, "1 min 30 s"],
  [21_600_000, "6 h"],
  [90_061_000, "25 h 1 min 1 s"],
])("%i milliseconds are %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test("columns are as wide as their widest cell, and no line ends in blanks", () => {
  expect(
    tableLines([
      ["a", "bb", ""],
      ["ccc", "d", "e"],
    ]),
  ).toEqual(["a    bb", "ccc  d   e"]);
});

test("a message is wrapped on a terminal, and whole in a log", () => {
  const message =
    "error: one word after another, far more of them than a line has room for here\nsee: x";
  const onTerminal = terminalWith(true);
  Object.assign(onTerminal.stderr, { columns: 40 });
  say(onTerminal, message);
  const lines = String((onTerminal.stderr as PassThrough).read()).split("\n");
  expect(lines).toEqual([
    "error: one word after another, far more",
    "  of them than a line has room for here",
    "see: x",
    "",
  ]);
  const log = terminalWith(false);
  say(log, message);
  expect(String((log.stderr as PassThrough).read())).toBe(`${message}\n`);
});

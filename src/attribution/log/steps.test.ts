import { expect, test } from "vitest";
import { closingBlock } from "./closing.js";
import { failedStepLogs, logBefore, splitOutput, splitStepOutput } from "./steps.js";

const LOG = "1   : connect\n1   : connect DONE [0.1s]\n";

test("the closing block of a command begins at its last Error line", () => {
  expect(closingBlock(`${LOG}Error: first\n2   : again\n\nError: second\nmore`)).toBe(
    "Error: second\nmore",
  );
});

test("a text without progress or without an Error line has no closing block", () => {
  expect(closingBlock("Error: alone")).toBeUndefined();
  expect(closingBlock(LOG)).toBeUndefined();
});

test("an Error line in the quoted output of a step opens no block", () => {
  expect(
    closingBlock(`${LOG}Error: exit code: 1\nStderr:\nError: quoted\n12  : looks like progress`),
  ).toBe("Error: exit code: 1\nStderr:\nError: quoted\n12  : looks like progress");
});

test("a second run in the same log starts over", () => {
  expect(closingBlock(`${LOG}Error: exit code: 1\nStderr:\nx\n${LOG}Error: last`)).toBe(
    "Error: last",
  );
});

test("a line that a CI runner adds is not a closing block", () => {
  expect(closingBlock(`${LOG}Error: real\nError: Process completed with exit code 1.`)).toContain(
    "real",
  );
});

test("the log of a nested dagger opens no block, quoted or logged", () => {
  const nested = `1   : connect\n4   : ! ${"x".repeat(9)}\n\nError: inner`;
  expect(
    closingBlock(`process "t" did not complete successfully: exit code: 1\nStderr:\n${nested}`),
  ).toBeUndefined();
  const logged = nested
    .split("\n")
    .map((line) => `9   : [0.1s] | ${line}`)
    .join("\n");
  expect(closingBlock(`${LOG}${logged}\nError: exit code: 1\nStderr:\n${nested}`)).toMatch(
    /^Error: exit code: 1/,
  );
});

test("splits the quoted output of a command from its message", () => {
  expect(
    splitOutput("process did not complete successfully: exit code: 1\nStdout:\na\nStderr:\nb")
      .messages,
  ).toBe("process did not complete successfully: exit code: 1");
  expect(splitOutput("a\nStderr:\nb").output).toBe("");
});

test("separates the output of buildkit's steps from buildkit's own words", () => {
  const { messages: said, output } = splitStepOutput(
    "#9 1.2 npm noise\n#9 1.3 error: failed to copy: x\n#9 ERROR: y",
  );
  expect(output).toBe("npm noise");
  expect(said).toBe("error: failed to copy: x\nERROR: y");
});

test.each([
  ["buildkit's command", "#9 [2/5] RUN make\n#9 0.4 EOF", ""],
  ["dagger's command", "9   : ┆ withExec make\n9   : ┆ [1m4.2s] | EOF", ""],
  ["an unknown step", "#9 0.4 EOF", ""],
  ["buildkit's git", "#9 [internal] load git source x\n#9 0.4 EOF", "EOF"],
  ["buildkit's git, by its end", "#9 0.4 EOF\n#9 ERROR: failed to fetch remote x", "EOF"],
  ["dagger's git", "9   : ┆ git ls-remote x\n9   : ┆ [1.2s] | EOF", "EOF"],
  ["the container runtime", "9   : ┆ exec docker pull x\n9   : ┆ [1.2s] | EOF", "EOF"],
])("recognizes the log of %s by the name of its step", (_what, log, said) => {
  const parted = splitStepOutput(log);
  expect(/^EOF$/m.test(parted.messages)).toBe(said !== "");
  expect(/^EOF$/m.test(parted.output)).toBe(said === "");
});

test("the excerpt at the end of a buildkit log is output of a command", () => {
  const { messages: said, output } = splitStepOutput(
    "#9 ERROR: x\n------\n > [2/5] RUN make:\n0.412 EOF\n------\nERROR: failed to solve: x",
  );
  expect(output).toContain("EOF");
  expect(said).not.toContain("EOF");
  expect(said).toContain("failed to solve");
});

test("finds the log of the failed steps by their words or their program", () => {
  const log = [
    "2   : ┆ exec docker version",
    "2   : ┆ [0.1s] | no permission",
    "2   : ┆ exec docker version ERROR [0.1s]",
    "3   : ┆ pull",
    "3   : ┆ [0.1s] | other",
    "4   : ┆ [0.2s] | told",
    "4   : ┆ ! because",
  ].join("\n");
  const found = failedStepLogs(log, "Error: start: run [docker version]: exit status 1");
  expect(found).toContain("no permission");
  expect(found).not.toContain("other");
  expect(failedStepLogs(log, "Error: it failed: because")).toBe("told\nbecause");
  expect(failedStepLogs(log, "Error: something else")).toBe("");
});

test("reads the text before a closing block without prefixes", () => {
  expect(logBefore("2   : ┆ [0.1s] | a\nb\nError: x", "Error: x")).toBe("a\nb\n");
});

import { expect, test } from "vitest";
import {
  bothEnds,
  closingBlock,
  plainText,
  quietText,
  splitOutput,
  splitStepOutput,
  TEXT_WINDOW,
  unwrapLines,
} from "./text.js";

const LOG = "1   : connect\n1   : connect DONE [0.1s]\n";

test("a long text is read at both ends only", () => {
  const cut = bothEnds(
    `${"a".repeat(TEXT_WINDOW)}${"b".repeat(1_000_000)}${"c".repeat(TEXT_WINDOW)}`,
  );
  expect(cut).toBe(`${"a".repeat(TEXT_WINDOW)}\n${"c".repeat(TEXT_WINDOW)}`);
  expect(bothEnds("short")).toBe("short");
});

test("colours, carriage returns and trace ids are taken away", () => {
  expect(plainText("\u001b[31;1mred\u001b[0m\r\nexit code: 3 [traceparent:84ae-09e9]")).toBe(
    "red\nexit code: 3",
  );
});

test("the closing block of a command begins at its last Error line", () => {
  expect(closingBlock(`${LOG}Error: first\n2   : again\n\nError: second\nmore`)).toBe(
    "Error: second\nmore",
  );
});

test("a text without progress has no closing block, nor one without an Error line", () => {
  expect(closingBlock("Error: alone")).toBeUndefined();
  expect(closingBlock(LOG)).toBeUndefined();
});

test("an Error line in the quoted output of a step opens no block", () => {
  expect(
    closingBlock(`${LOG}Error: exit code: 1\nStderr:\nError: quoted\n12  : looks like progress`),
  ).toBe("Error: exit code: 1\nStderr:\nError: quoted\n12  : looks like progress");
});

test("a second run in the same log is a new beginning", () => {
  expect(closingBlock(`${LOG}Error: exit code: 1\nStderr:\nx\n${LOG}Error: last`)).toBe(
    "Error: last",
  );
});

test("what a CI runner adds is no closing block", () => {
  expect(closingBlock(`${LOG}Error: real\nError: Process completed with exit code 1.`)).toContain(
    "real",
  );
});

test("a host that a terminal has wrapped is whole again", () => {
  expect(
    unwrapLines('Head "https://registry-\n  1.docker.io/v2/": dial tcp\n  203.0.113.1:443'),
  ).toBe('Head "https://registry-1.docker.io/v2/": dial tcp 203.0.113.1:443');
});

test("the quoted output of a command is split off its message", () => {
  expect(
    splitOutput("process did not complete successfully: exit code: 1\nStdout:\na\nStderr:\nb").said,
  ).toBe("process did not complete successfully: exit code: 1");
  expect(splitOutput("a\nStderr:\nb").output).toBe("");
});

test("what the steps of a buildkit log print is told from what buildkit says", () => {
  const { said, output } = splitStepOutput(
    "#9 1.2 npm noise\n#9 1.3 error: failed to copy: x\n#9 ERROR: y",
  );
  expect(output).toBe("#9 1.2 npm noise");
  expect(said).toBe("#9 1.3 error: failed to copy: x\n#9 ERROR: y");
});

test("lines that say nothing of the cause are dropped, unless there are no others", () => {
  expect(quietText("cause\nError: Process completed with exit code 1.")).toBe("cause");
  expect(quietText("\nfailed to emit telemetry: x")).toContain("telemetry");
});

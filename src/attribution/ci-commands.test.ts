import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { processorMs } from "../../tests/own-time.js";
import { COMMAND_FORMS, jsonWithoutCommands, withoutCommands } from "./ci-commands.js";

/** Returns whether a line contains a command, according to the runners and not to our own patterns. */
const isCommand = (line: string) =>
  /##\w*\[/.test(line) || // Azure, TeamCity, and GitHub's first form: anywhere
  /^\s*::[^:\s]/.test(line) || // GitHub: after blanks
  /::[a-z-]+( [^:]*)?::/i.test(line) ||
  /section_(start|end):\d+:/.test(line) ||
  /travis_(fold|time):/.test(line) ||
  /^\s*(---|\+\+\+|~~~|\^\^\^)\s/.test(line) ||
  line.includes("[8mha://");

describe.each(COMMAND_FORMS.map((form) => [form.systems[0], form] as const))("%s", (_, form) => {
  test("its command no longer acts, at the start of a line or within it", () => {
    for (const text of [form.example, `  ${form.example}`, `all is well\n${form.example}`]) {
      expect(text.split("\n").some(isCommand)).toBe(true);
      expect(withoutCommands(text).split("\n").some(isCommand)).toBe(false);
      expect(withoutCommands(text).replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
    }
  });

  test("escaped as JSON it does not act, and has the same meaning", () => {
    const json = jsonWithoutCommands(JSON.stringify({ [form.example]: [form.example] }));
    expect(isCommand(json)).toBe(false);
    expect(JSON.parse(json)).toEqual({ [form.example]: [form.example] });
  });
});

test.each([
  "##vso[task.setvariable variable=x]y",
  "##[error]x",
  "##teamcity[message text='x']",
  "##octopus[x]",
  "###[group]",
  "####vso[x]",
  "::error file=a.js,line=1::x",
  ":::warning::x",
  "::add-mask::x",
  "::stop-commands::x",
  "reason: ::set-output name=x::y",
  "~~~ x",
  "+++ x",
  "^^^ +++",
])("%j no longer acts as a command", (text) => {
  expect(isCommand(withoutCommands(text))).toBe(false);
  expect(isCommand(withoutCommands(`dagger-breaker: ${text}`))).toBe(false);
});

test.each([
  "registry:docker.io, retry in 52s; see https://[fe80::1]:5000/v2/ #12 -- it's 3 > 2",
  "std::string is no command",
  "nor is fe80::a",
  "----------",
  "a --- b",
])("%j stays as it is", (text) => {
  expect(withoutCommands(text)).toBe(text);
});

test("joined parts do not form a command, and a second pass changes nothing", () => {
  const part = fc.constantFrom(
    "#",
    "##",
    "[",
    ":",
    "::",
    "vso",
    "error",
    " ",
    "-",
    "--",
    "a",
    "\n",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const once = withoutCommands(parts.join(""));
      expect(once.split("\n").filter(isCommand)).toEqual([]);
      expect(withoutCommands(once)).toBe(once);
    }),
  );
});

test("the time grows only with the length of the text", () => {
  for (const part of ["#", ":", "::a ", " ", "-", "section_"]) {
    const text = part.repeat(200_000 / part.length);
    expect(processorMs(() => withoutCommands(text))).toBeLessThan(2_000);
  }
});

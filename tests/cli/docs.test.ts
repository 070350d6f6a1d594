/** docs/cli.md says what the program does. */

import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import {
  CLASSIFY_EXIT_CODES,
  COMMON_EXIT_CODES,
  type ExitCodeMeaning,
  MIRRORS_EXIT_CODES,
  QUOTA_EXIT_CODES,
} from "../../src/cli/exit-codes.js";
import { run } from "../../src/cli/run.js";

const docs = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");

test("the table of exit codes is that of the program", () => {
  const rows = (command: string, meanings: readonly ExitCodeMeaning[]) =>
    meanings.map(([code, meaning]) => `| ${code} | ${command} | ${meaning} |`);
  const expected = [
    ...rows("`classify`", CLASSIFY_EXIT_CODES),
    ...rows("`quota`", QUOTA_EXIT_CODES),
    ...rows("`mirrors`", MIRRORS_EXIT_CODES),
    ...rows("all", COMMON_EXIT_CODES),
  ];
  expect(docs.split("\n").filter((line) => /^\| [0-9]/.test(line))).toEqual(expected);
});

/** What a command line prints. */
async function output(...args: string[]): Promise<string> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  expect(await run(args, { stdin: new PassThrough(), stdout, stderr, env: {} })).toBe(0);
  return String(stdout.read());
}

test.each([[["classify"]], [["quota"]], [["mirrors", "write"]], [["mirrors", "check"]]])(
  "every option of %j is told, with its value",
  async (command) => {
    const options = (await output(...command, "--help")).matchAll(/^ {2}(--[a-z-]+(?: <\w+>)?)/gm);
    const names = [...options].map(([, name]) => `\`${name}\``);
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !docs.includes(name))).toEqual([]);
  },
);

test("no option is told that is not there", async () => {
  const helps = await Promise.all(
    [["classify"], ["quota"], ["mirrors", "write"], ["mirrors", "check"], []].map((command) =>
      output(...command, "--help"),
    ),
  );
  // Those of other programs in the examples stand in lines of code, not in backquotes.
  const told = [...docs.matchAll(/`(--[a-z-]+)/g)].map(([, name]) => name ?? "");
  expect(told.filter((name) => !helps.some((help) => help.includes(name)))).toEqual([]);
});

/** docs/cli.md, and command lines on other pages, say what the program does. */

import { readdirSync, readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { run } from "../../src/cli/command-line.js";
import {
  CLASSIFY_EXIT_CODES,
  COMMON_EXIT_CODES,
  DIGESTS_EXIT_CODES,
  EXIT,
  type ExitCodeMeaning,
  HISTORY_EXIT_CODES,
  ISOLATE_EXIT_CODES,
  MIRRORS_EXIT_CODES,
  QUOTA_EXIT_CODES,
  RELEASE_EXIT_CODES,
  RUN_EXIT_CODES,
  SERVE_EXIT_CODES,
  STATUS_EXIT_CODES,
  WATCH_EXIT_CODES,
} from "../../src/cli/exit-codes.js";

const ROOT = new URL("../../", import.meta.url);
const docs = readFileSync(new URL("docs/cli.md", ROOT), "utf8");
const COMMANDS = [
  ["classify"],
  ["quota"],
  ["mirrors", "write"],
  ["mirrors", "check"],
  ["digests", "list"],
  ["digests", "export"],
  ["digests", "import"],
  ["digests", "forget"],
  ["run"],
  ["status"],
  ["watch"],
  ["isolate"],
  ["release"],
  ["reset"],
  ["history"],
  ["serve"],
];

/** Whether a command line begins with a command and one of its parts. */
function hasParts([command, part]: readonly string[]): boolean {
  return COMMANDS.some((known) => known.length > 1 && known[0] === command && known[1] === part);
}

test("the table of exit codes is that of the program", () => {
  const rows = (command: string, meanings: readonly ExitCodeMeaning[]) =>
    meanings.map(([code, meaning]) => `| ${code} | ${command} | ${meaning} |`);
  const expected = [
    ...rows("`classify`", CLASSIFY_EXIT_CODES),
    ...rows("`quota`", QUOTA_EXIT_CODES),
    ...rows("`mirrors`", MIRRORS_EXIT_CODES),
    ...rows("`digests`", DIGESTS_EXIT_CODES),
    ...RUN_EXIT_CODES.map(([code, meaning]) => {
      const command = code === EXIT.rejected ? "`run`, `session`" : "`run`";
      return `| ${code} | ${command} | ${meaning} |`;
    }),
    ...rows("`status`", STATUS_EXIT_CODES),
    ...rows("`watch`", WATCH_EXIT_CODES),
    ...rows("`isolate`", ISOLATE_EXIT_CODES),
    ...rows("`release`, `reset`", RELEASE_EXIT_CODES),
    ...rows("`history`", HISTORY_EXIT_CODES),
    ...rows("`serve`", SERVE_EXIT_CODES),
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

test.each(COMMANDS.map((command) => [command]))(
  "every option of %j is told, with its value",
  async (command) => {
    const options = (await output(...command, "--help")).matchAll(/^ {2}(--[a-z-]+(?: <\w+>)?)/gm);
    const names = [...options].map(([, name]) => `\`${name}\``);
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !docs.includes(name))).toEqual([]);
  },
);

test("the output of classify is shown as it is", async () => {
  const stdout = new PassThrough();
  const stdin = new PassThrough();
  stdin.end(
    'failed to do request: Head "https://registry-1.docker.io/v2/library/alpine/manifests/3": EOF\n',
  );
  expect(await run(["classify"], { stdin, stdout, stderr: new PassThrough(), env: {} })).toBe(31);
  expect(docs).toContain(`\`\`\`\n${stdout.read()}\`\`\`\n`);
});

test("every command line in README.md and in docs/ is one that the program knows", async () => {
  const pages = readdirSync(new URL("docs/", ROOT))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  const texts = ["README.md", ...pages].map((page) => readFileSync(new URL(page, ROOT), "utf8"));
  const blocks = texts.flatMap((text) => [...text.matchAll(/^```(?:sh|yaml)\n(.*?)^```/gms)]);
  const lines = blocks.flatMap(([, block = ""]) => [
    ...block.matchAll(/\bdagger-breaker ([^|;)#\n]+)/g),
  ]);
  expect(lines.length).toBeGreaterThan(5);
  for (const [, line = ""] of lines) {
    // What stands behind "--" belongs to the command that is run.
    const [own = ""] = line.split(/ -- /);
    const words = own.trim().split(/\s+/);
    const command = hasParts(words) ? words.slice(0, 2) : words.slice(0, 1);
    const help = command[0]?.startsWith("-") ? "" : await output(...command, "--help");
    const options = words.filter((word) => word.startsWith("--") && word !== "--help");
    expect(options.filter((option) => !help.includes(option))).toEqual([]);
  }
});

test("no option is told that is not there", async () => {
  const helps = await Promise.all(
    [...COMMANDS, ["trace"], []].map((command) => output(...command, "--help")),
  );
  // Those of other programs in the examples stand in lines of code, not in backquotes.
  const told = [...docs.matchAll(/`(--[a-z-]+)/g)].map(([, name]) => name ?? "");
  expect(told.filter((name) => !helps.some((help) => help.includes(name)))).toEqual([]);
});

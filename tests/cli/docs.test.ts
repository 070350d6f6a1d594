/** Tests that docs/cli.md, docs/cli-reference.md and command lines on other pages match the program. */

import { readdirSync, readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { run } from "../../src/cli/command-line.js";
import {
  CLASSIFY_EXIT_CODES,
  COMMON_EXIT_CODES,
  DIGESTS_EXIT_CODES,
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
const reference = readFileSync(new URL("docs/cli-reference.md", ROOT), "utf8");
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
  ["alerts"],
];

/** Returns whether a command line begins with a command and one of its subcommands. */
function hasParts([command, part]: readonly string[]): boolean {
  return COMMANDS.some((known) => known.length > 1 && known[0] === command && known[1] === part);
}

test("the table of exit codes is that of the program", () => {
  const meanings: readonly (readonly [string, readonly ExitCodeMeaning[]])[] = [
    ["`run`", RUN_EXIT_CODES],
    ["`classify`", CLASSIFY_EXIT_CODES],
    ["`quota`", QUOTA_EXIT_CODES],
    ["`mirrors`", MIRRORS_EXIT_CODES],
    ["`digests`", DIGESTS_EXIT_CODES],
    ["`status`", STATUS_EXIT_CODES],
    ["`watch`", WATCH_EXIT_CODES],
    ["`isolate`", ISOLATE_EXIT_CODES],
    ["`release`", RELEASE_EXIT_CODES],
    ["`reset`", RELEASE_EXIT_CODES],
    ["`history`", HISTORY_EXIT_CODES],
    ["`serve`", SERVE_EXIT_CODES],
    ["all", COMMON_EXIT_CODES],
  ];
  const rows = reference.split("\n").filter((line) => /^\| [0-9]/.test(line));
  const cells = rows.map((row) => row.split("|").map((cell) => cell.trim()));
  const plain = (cell = "") => cell.replaceAll("`", "");
  for (const [command, codes] of meanings) {
    for (const [code, meaning] of codes) {
      const found = cells.filter((row) => row[1] === `${code}` && plain(row[3]) === meaning);
      expect(
        found.flatMap((row) => row[2]?.split(", ")),
        meaning,
      ).toContain(command);
    }
  }
  const known = new Set(meanings.flatMap(([, codes]) => codes.map(([code]) => `${code}`)));
  // Only `run` and `trace` start a command, so only they have exit codes for a command that cannot be
  // started.
  const others = cells.filter((row) => !known.has(row[1] ?? "")).map((row) => row[1]);
  expect([...new Set(others)]).toEqual(["126", "127"]);
  expect(cells.map((row) => Number(row[1]))).toEqual(
    cells.map((row) => Number(row[1])).sort((one, other) => one - other),
  );
});

test("the reference is what --help prints: else run scripts/write-cli-docs.mjs after a build", async () => {
  const { pageWithHelp, readHelp } = await import(new URL("scripts/write-cli-docs.mjs", ROOT).href);
  const helps = await readHelp((names: readonly string[]) => output(...names, "--help"));
  expect(reference).toBe(pageWithHelp(reference, helps));
  const [program, first] = helps;
  const sections = new Map(first.sections).set("Options", [["--other", "does something else"]]);
  const changed = pageWithHelp(reference, [program, { ...first, sections }]);
  expect(changed).toContain("| `--other` | does something else |");
});

async function output(...args: string[]): Promise<string> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  expect(await run(args, { stdin: new PassThrough(), stdout, stderr, env: {} })).toBe(0);
  return String(stdout.read());
}

test.each(COMMANDS.map((command) => [command]))(
  "documents every option of %j, with its value",
  async (command) => {
    const options = (await output(...command, "--help")).matchAll(/^ {2}(--[a-z-]+(?: <\w+>)?)/gm);
    const names = [...options].map(([, name]) => `\`${name}\``);
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !reference.includes(name))).toEqual([]);
  },
);

test("shows the output of classify unchanged", async () => {
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
    // Words after "--" belong to the command that the program starts.
    const [own = ""] = line.split(/ -- /);
    const words = own.trim().split(/\s+/);
    const command = hasParts(words) ? words.slice(0, 2) : words.slice(0, 1);
    const help = command[0]?.startsWith("-") ? "" : await output(...command, "--help");
    const options = words.filter((word) => word.startsWith("--") && word !== "--help");
    expect(options.filter((option) => !help.includes(option))).toEqual([]);
  }
});

test("documents no option that does not exist", async () => {
  const helps = await Promise.all(
    [...COMMANDS, ["trace"], []].map((command) => output(...command, "--help")),
  );
  // Pages put options of other programs in code blocks, never in backquotes.
  const told = [...`${docs}${reference}`.matchAll(/`(--[a-z-]+)/g)].map(([, name]) => name ?? "");
  expect(told.filter((name) => !helps.some((help) => help.includes(name)))).toEqual([]);
});

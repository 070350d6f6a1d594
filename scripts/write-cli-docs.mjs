/**
 * Writes the help of every command into docs/cli-reference.md.
 *
 *   node scripts/write-cli-docs.mjs      after npm run build
 *
 * The program is the only source. A test fails when the page does not match the output of `--help`.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withGeneratedPart } from "./generated-part.mjs";

const SCRIPT = "write-cli-docs.mjs";
const PAGE = new URL("../docs/cli-reference.md", import.meta.url);
const PROGRAM = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/**
 * Reads the help of the program, of every command and of every subcommand. `helpOf` takes the words of a
 * command.
 */
export async function readHelp(helpOf, names = []) {
  const sections = sectionsOf(await helpOf(names));
  const below = [];
  for (const [usage] of sections.get("Commands") ?? []) {
    const [name] = usage.split(" ");
    if (name !== "help") {
      below.push(...(await readHelp(helpOf, [...names, name])));
    }
  }
  return [{ names, sections }, ...below];
}

/** Returns the page with a table of exit codes and a section for each command. */
export function pageWithHelp(page, [, ...commands]) {
  const parts = [
    "## Exit codes",
    exitCodeTable(commands.filter(({ names }) => names.length === 1)),
    "## Options",
    ...commands.flatMap(commandText),
  ];
  return withGeneratedPart(page, SCRIPT, parts.join("\n\n"));
}

/**
 * Parses a help text into its sections. Sections such as "Options" become a list of `[term, description]`.
 * "Usage" and the section without a title stay free text.
 */
function sectionsOf(help) {
  const sections = new Map();
  let items = [];
  for (const line of help.split("\n")) {
    const [, usage] = /^Usage: (.*)$/.exec(line) ?? [];
    const [, heading] = /^([A-Z][\w ]*):$/.exec(line) ?? [];
    const [, term, description = ""] = /^ {2}(?! )(.*?)(?: {2,}(.*))?$/.exec(line) ?? [];
    if (usage !== undefined) sections.set("Usage", usage);
    else if (heading !== undefined) {
      items = [];
      sections.set(heading, items);
    } else if (term !== undefined) items.push([term, description]);
    else if (/^ {3,}\S/.test(line) && items.length > 0) items.at(-1)[1] += ` ${line.trim()}`;
    else sections.set("", `${sections.get("") ?? ""}${line}\n`);
  }
  return sections;
}

function commandText({ names, sections }) {
  const [about = "", ...more] = (sections.get("") ?? "").trim().split(/\n{2,}/);
  const parts = [
    `### ${names.join(" ")}`,
    oneLine(about),
    `\`\`\`text\n${sections.get("Usage")}\n\`\`\``,
  ];
  for (const name of ["Arguments", "Options"]) {
    const items = (sections.get(name) ?? []).filter(([term]) => !term.startsWith("-h, "));
    if (items.length > 0) parts.push(table([name.slice(0, -1).toLowerCase(), "meaning"], items));
  }
  const examples = sections.get("Examples") ?? [];
  if (examples.length > 0) {
    const lines = examples.map(([line, what]) => (what === "" ? line : `${line}  ${what}`));
    parts.push(`\`\`\`text\n${lines.join("\n")}\n\`\`\``);
  }
  return [...parts, ...more.map(oneLine)];
}

/**
 * Returns a table of all exit codes, with the commands that use each meaning. "all" stands for more than
 * half of the commands.
 */
function exitCodeTable(commands) {
  const uses = new Map();
  for (const { names, sections } of commands) {
    for (const [code, meaning] of (sections.get("Exit codes") ?? []).map(exitCode)) {
      const key = JSON.stringify([code, meaning]);
      uses.set(key, [...(uses.get(key) ?? []), `\`${names[0]}\``]);
    }
  }
  const rows = [...uses].map(([key, users]) => {
    const [code, meaning] = JSON.parse(key);
    return [code, users.length > commands.length / 2 ? "all" : users.join(", "), meaning];
  });
  const order = ([code]) => (code === "" ? Number.POSITIVE_INFINITY : Number(code));
  rows.sort((one, other) => order(one) - order(other));
  return tableOf(["code", "command", "meaning"], rows);
}

/**
 * Parses a line about exit codes. It begins with a code, or describes the codes of other programs. The name
 * of a fault becomes code.
 */
function exitCode([term, description]) {
  const [, code = "", first = ""] = /^(\d*) *(.*)$/.exec(term) ?? [];
  return [code, oneLine(`${first} ${description}`).replace(/^(\w+): /, "`$1`: ")];
}

function table(head, items) {
  return tableOf(
    head,
    items.map(([term, meaning]) => [`\`${term}\``, meaning]),
  );
}

function tableOf(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

function oneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const helps = await readHelp((names) =>
    execFileSync(process.execPath, [PROGRAM, ...names, "--help"], { encoding: "utf8" }),
  );
  writeFileSync(PAGE, pageWithHelp(readFileSync(PAGE, "utf8"), helps));
}

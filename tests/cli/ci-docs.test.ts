/**
 * Tests that docs/ci.md and docs/run.md describe the action, `run` and its reports correctly, and that
 * their snippets work.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { stepOutputs } from "../../src/cli/run/github.js";
import { runJson } from "../../src/cli/run/report.js";
import { snippetsOfMarkdown } from "../package/snippets.js";
import { readAction } from "./action-runner.js";
import { builtCli } from "./built-cli.js";
import { replay } from "./replay.js";
import { attempt, failedRun, LIMITED, rejectedRun, sampleRun } from "./run/sample-run.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const pages = ["docs/ci.md", "docs/run.md"].map((path) => ({
  path,
  text: readFileSync(join(ROOT, path), "utf8"),
}));
const docs = pages.map(({ text }) => text).join("\n");
const snippets = pages.flatMap(({ path, text }) => snippetsOfMarkdown(path, text));
const action = readAction(join(ROOT, "action.yml"));
const cli = builtCli();

/**
 * Returns the names in backquotes in the first column of a table. `table` is the heading before the table,
 * or text in it.
 */
function firstColumn(table: string): string[] {
  const at = docs.indexOf(table);
  expect(at, table).toBeGreaterThan(0);
  const rows = docs.slice(at).split("\n\n")[0]?.split("\n").slice(2) ?? [];
  return rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([\w-]+)`/g)].map(nameOf));
}

function nameOf([, name = ""]: RegExpMatchArray): string {
  return name;
}

test("the table of the JSON report has its keys, and those within them", () => {
  const report = runJson(
    rejectedRun({ sessions: { requests: 1, rejected: 0, timedOut: 0, lost: 0 } }),
    "x",
  );
  expect(firstColumn("| key | what it holds |").sort()).toEqual(Object.keys(report).sort());
  const table = docs.slice(docs.indexOf("| key | what it holds |"));
  const row = (key: string) => table.split("\n").find((line) => line.startsWith(`| \`${key}\` |`));
  const within = {
    attempts: attempt(),
    failure: LIMITED,
    rejection: report.rejection,
    sessions: report.sessions,
  };
  for (const [key, value] of Object.entries(within)) {
    for (const name of Object.keys(value ?? {})) expect(row(key)).toContain(`\`${name}\``);
  }
});

test("the table of outputs is that of the step and of the action", () => {
  const outputs = Object.keys(stepOutputs(sampleRun()));
  expect(firstColumn("| output | meaning |")).toEqual(outputs);
  expect(Object.keys(action.outputs)).toEqual(outputs);
});

test("every input of the action is an option of run, or told by itself", async () => {
  const { stdout } = await cli.run(["run", "--help"]);
  const own = firstColumn("| input | meaning |");
  for (const name of Object.keys(action.inputs)) {
    if (!own.includes(name)) expect(stdout).toContain(`--${name}`);
  }
  expect(own.filter((name) => !(name in action.inputs))).toEqual([]);
});

test("every option of run is an input of the action", async () => {
  const { stdout } = await cli.run(["run", "--help"]);
  const options = [...stdout.matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)].map(nameOf);
  expect(options.length).toBeGreaterThan(20);
  const inputs = Object.keys(action.inputs);
  expect(options.filter((name) => name !== "help" && !inputs.includes(name))).toEqual([]);
});

test("the closing line is shown as it is", () => {
  const attempts = [attempt({ exitCode: 1, failure: LIMITED }), attempt({ exitCode: 1 })];
  const run = failedRun(LIMITED, { attempts, waitedMs: 61_000, sparedRequests: 12 });
  expect(docs).toContain(`\`\`\`text\n${runJson(run, "dagger").summary}\n\`\`\``);
});

describe("snippets", () => {
  const yaml = snippets.filter(({ language }) => language === "yaml");

  test("there are some of every kind", () => {
    expect(yaml.length).toBeGreaterThan(4);
    expect(new Set(snippets.map(({ language }) => language))).toEqual(
      new Set(["sh", "yaml", "groovy", "text"]),
    );
  });

  test.each(yaml.map(({ place, text }) => [place, text]))("%s is YAML", (_, text) => {
    expect(parse(text)).toBeTypeOf("object");
  });

  test("the action is given inputs that it has, and all that it needs", () => {
    const steps = yaml.flatMap(({ text }) => stepsOf(parse(text)));
    const uses = steps.filter(({ uses }) => uses?.includes("dagger-circuit-breaker"));
    expect(uses.length).toBeGreaterThan(0);
    for (const { with: given = {} } of uses) {
      expect(Object.keys(given).filter((name) => !(name in action.inputs))).toEqual([]);
      expect(given).toHaveProperty("command");
    }
  });

  test.each(commandLines().map((line) => [line]))(
    "%s works as documented around a command",
    async (line) => {
      const dagger = replay(cli.folder, "ok");
      const [options = ""] = line.split(" -- ");
      const words = options.split(" ").slice(1);
      const files = words.map((word) => (word.endsWith(".xml") ? join(dagger.folder, "x") : word));
      const run = await cli.run([...files, "--", "dagger"], { env: dagger.env });
      expect(run.exitCode).toBe(0);
      expect(run.stderr).toMatch(/dagger-breaker: succeeded, exit code 0\n$/);
    },
  );

  test.each(
    snippets.filter(({ language }) => language === "sh").map(({ place, text }) => [place, text]),
  )("the shell script of %s runs", async (_, text) => {
    const dagger = replay(cli.folder, "ok");
    const script = text.replaceAll("dagger-breaker", cli.program).replace("node ci.mjs", "dagger");
    const run = await runScript(script, dagger.env);
    expect(run).toBe(0);
  });
});

interface WorkflowStep {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

/** Returns all steps in a workflow, at any depth. */
function stepsOf(value: unknown): WorkflowStep[] {
  if (Array.isArray(value)) return value.flatMap(stepsOf);
  if (typeof value !== "object" || value === null) return [];
  const own = "uses" in value || "with" in value ? [value as WorkflowStep] : [];
  return [...own, ...Object.values(value).flatMap(stepsOf)];
}

/** Returns all `dagger-breaker run` command lines in the snippets that show files. */
function commandLines(): string[] {
  const texts = snippets.filter(({ language }) => language !== "sh" && language !== "text");
  const lines = texts.flatMap(({ text }) => [...text.matchAll(/\bdagger-breaker run[^\n']*/g)]);
  return lines.map(([line]) => line);
}

async function runScript(script: string, env: Readonly<Record<string, string>>) {
  const { spawn } = await import("node:child_process");
  const child = spawn("sh", ["-eu", "-c", script], { env: cli.environment(env), stdio: "ignore" });
  return new Promise((resolve) => child.on("close", resolve));
}

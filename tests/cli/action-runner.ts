/** Runs a composite action as the runner of GitHub Actions does. It supports only what our action uses. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly shell: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly run: string;
  readonly "working-directory"?: string;
}

export interface Action {
  readonly inputs: Readonly<
    Record<
      string,
      { readonly description: string; readonly required?: boolean; readonly default?: string }
    >
  >;
  readonly outputs: Readonly<
    Record<string, { readonly description: string; readonly value: string }>
  >;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

export interface ActionRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** The folders and variables with which an action runs. */
export interface ActionPlace {
  /** The folder of the action's checkout. */
  readonly actionPath: string;
  readonly workspace: string;
  /** A folder for the files that the runner creates. */
  readonly temporary: string;
  readonly env: Readonly<Record<string, string>>;
}

export function readAction(path: string): Action {
  return parse(readFileSync(path, "utf8")) as Action;
}

/** Runs the steps until a step fails. An input that is not given gets its default value, or an empty text. */
export async function runAction(
  action: Action,
  given: Readonly<Record<string, string>>,
  { actionPath, workspace, temporary, env }: ActionPlace,
): Promise<ActionRun> {
  const folder = mkdtempSync(join(temporary, "runner-"));
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, input]) => [
      name,
      given[name] ?? input.default ?? "",
    ]),
  );
  const values = new Map<string, string>([["github.action_path", actionPath]]);
  for (const [name, value] of Object.entries(inputs)) values.set(`inputs.${name}`, value);
  const result = { exitCode: 0 as number | null, stdout: "", stderr: "", summary: "" };
  let path = env.PATH ?? "";
  for (const [index, step] of action.runs.steps.entries()) {
    if (step.if !== undefined && !condition(step.if, values)) continue;
    const files = stepFiles(folder, index);
    const own = Object.entries(step.env ?? {}).map(([name, value]) => [
      name,
      replaced(value, values),
    ]);
    const ended = await runStep(step, {
      cwd: resolve(workspace, replaced(step["working-directory"] ?? ".", values)),
      script: join(folder, `step-${index}.sh`),
      env: {
        ...env,
        ...files,
        PATH: path,
        GITHUB_ACTIONS: "true",
        RUNNER_TEMP: folder,
        ...(Object.fromEntries(own) as Record<string, string>),
      },
    });
    result.stdout += ended.stdout;
    result.stderr += ended.stderr;
    result.exitCode = ended.exitCode;
    result.summary += readFileSync(files.GITHUB_STEP_SUMMARY, "utf8");
    for (const [name, value] of fileCommands(files.GITHUB_OUTPUT)) {
      values.set(`steps.${step.id}.outputs.${name}`, value);
    }
    const added = readFileSync(files.GITHUB_PATH, "utf8").split("\n").filter(Boolean);
    path = [...added.reverse(), path].join(":");
    if (ended.exitCode !== 0) break;
  }
  const outputs = Object.entries(action.outputs).map(([name, { value }]) => [
    name,
    replaced(value, values),
  ]);
  return { ...result, outputs: Object.fromEntries(outputs) };
}

function stepFiles(folder: string, index: number) {
  const file = (name: string): string => {
    const path = join(folder, `${name}-${index}`);
    writeFileSync(path, "");
    return path;
  };
  return {
    GITHUB_OUTPUT: file("output"),
    GITHUB_STEP_SUMMARY: file("summary"),
    GITHUB_PATH: file("path"),
  };
}

async function runStep(
  { shell, run }: Step,
  { cwd, script, env }: { cwd: string; script: string; env: Record<string, string> },
) {
  if (shell !== "bash") throw new Error(`no shell but bash is known here, not ${shell}`);
  // A shell would execute text that is inserted into a script, so our action must insert none.
  if (run.includes("${{")) throw new Error("an expression stands in a script");
  writeFileSync(script, run);
  const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", script], { cwd, env });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  child.stdin.end();
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, ...output };
}

/** Replaces the expressions in a text. An unknown expression becomes empty, as on GitHub. */
function replaced(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{\{\s*([\w.-]+)\s*\}\}/g, (_, name: string) => values.get(name) ?? "");
}

function condition(text: string, values: ReadonlyMap<string, string>): boolean {
  const [, name] = /^([\w.-]+) != ''$/.exec(text) ?? [];
  if (name === undefined) throw new Error(`a condition that is not known here: ${text}`);
  return (values.get(name) ?? "") !== "";
}

/** Parses a file of outputs. An output is `name=value`, or `name<<DELIMITER` with lines after it. */
function fileCommands(path: string): [string, string][] {
  const lines = readFileSync(path, "utf8").split(/\r?\n/);
  const found: [string, string][] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (line === "") continue;
    const [, name = "", sign, rest = ""] = /^(.*?)(=|<<)(.*)$/.exec(line) ?? [];
    if (sign === undefined) throw new Error(`no output: ${line}`);
    if (sign === "=") {
      found.push([name, rest]);
      continue;
    }
    const end = lines.indexOf(rest, at + 1);
    if (end < 0) throw new Error(`an output that does not end: ${name}`);
    found.push([name, lines.slice(at + 1, end).join("\n")]);
    at = end;
  }
  return found;
}

/** Runs the programs of docs/operation.md that serve pages, as a user would run them. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import ts from "typescript";
import { expect, onTestFinished, vi } from "vitest";
import { compile } from "./compiler.js";
import { type Project, ROOT } from "./project.js";
import { type Snippet, snippetsOfMarkdown } from "./snippets.js";

const PAGE = "docs/operation.md";

/** A program of the page, and the file in a project to which it is written. */
export interface Recipe {
  readonly file: string;
  readonly text: string;
}

export function operationSnippets(): readonly Snippet[] {
  return snippetsOfMarkdown(PAGE, readFileSync(join(ROOT, PAGE), "utf8"));
}

/** Returns the program of the page that contains all parts. There must be only one. */
export function recipeWith(...parts: readonly string[]): string {
  const found = operationSnippets().filter(
    ({ language, text }) => language === "ts" && parts.every((part) => text.includes(part)),
  );
  expect(found.map(({ place }) => place)).toHaveLength(1);
  return found[0]?.text ?? "";
}

/** Writes recipes into a project and compiles them. */
export async function compileRecipes(project: Project, recipes: readonly Recipe[]): Promise<void> {
  for (const { file, text } of recipes) await project.write(file, text);
  const files = recipes.map(({ file }) => file);
  const lib = ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"];
  const options = { module: ts.ModuleKind.NodeNext, lib, types: ["node"] };
  expect(compile(project, files, options)).toEqual([]);
}

/** Starts a compiled recipe that ends with the test. Returns its address once it answers. */
export async function startRecipe(
  project: Project,
  file: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const port = await freePort();
  const child: ChildProcess = spawn(process.execPath, [file.replace(".ts", ".js")], {
    cwd: project.folder,
    env: { ...process.env, ...env, PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(() => fetch(url).catch(() => expect.fail(stderr)));
  return url;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

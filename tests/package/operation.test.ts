/** The recipes of docs/operation.md as programs of a user, with the checks that the page promises. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { parse } from "yaml";
import { compile } from "./compiler.js";
import { createProject, installed, type Project, ROOT } from "./project.js";
import { snippetsOfMarkdown } from "./snippets.js";

const PAGE = "docs/operation.md";
const snippets = snippetsOfMarkdown(PAGE, readFileSync(join(ROOT, PAGE), "utf8"));
const recipes = ["express", "fastify", "node:http"].map((name) => {
  const found = snippets.filter(
    ({ text }) => text.includes(`from "${name}"`) && text.includes("process.env.PORT"),
  );
  return { name, file: `${name.replace(":", "-")}.ts`, text: found[0]?.text ?? "" };
});
const yaml = snippets.filter(({ language }) => language === "yaml").map(({ text }) => text);

let project: Project;
beforeAll(async () => {
  project = await createProject({
    "@types/express": installed("@types/express"),
    "@types/node": installed("@types/node"),
    express: installed("express"),
    fastify: installed("fastify"),
  });
  for (const { file, text } of recipes) await project.write(file, text);
  const files = recipes.map(({ file }) => file);
  const lib = ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"];
  const options = { module: ts.ModuleKind.NodeNext, lib, types: ["node"] };
  expect(compile(project, files, options)).toEqual([]);
});
afterAll(() => project.remove());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a recipe, and returns its address once it answers. */
async function start(file: string): Promise<string> {
  const port = await freePort();
  const child: ChildProcess = spawn(process.execPath, [file.replace(".ts", ".js")], {
    cwd: project.folder,
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(() => fetch(`${url}/health/live`).catch(() => expect.fail(stderr)));
  return url;
}

describe.each(recipes)("the recipe for $name", ({ file }) => {
  test("has the health pages and the metrics", async () => {
    const url = await start(file);
    const get = async (path: string) => {
      const response = await fetch(url + path);
      return { status: response.status, body: await response.json() };
    };
    const ok = { status: 200, body: { status: "ok" } };
    expect(await get("/health/live")).toEqual(ok);
    expect(await get("/health/ready")).toEqual(ok);
    expect(await get("/health/circuits")).toMatchObject({
      status: 200,
      body: { counts: { closed: 1 }, circuits: [{ name: "payments", state: "closed" }] },
    });
    expect(await get("/health/circuits?fail=payments&fail=typo,payments")).toMatchObject({
      status: 200,
      body: { failed: [], unknown: ["typo"] },
    });
    expect(await get("/health/circuits?fail=")).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('invalid "fail"') },
    });
    const metrics = await fetch(`${url}/metrics`);
    expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await metrics.text()).toContain(
      'dagger_breaker_circuit_status{dagger_breaker_circuit_name="payments",dagger_breaker_circuit_state="closed"} 1',
    );
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
  });
});

test("the configuration of Prometheus on the page is YAML, and its rule names metrics as they are", () => {
  const [service, rules, ci] = yaml.map((text) => parse(text));
  expect(yaml).toHaveLength(3);
  expect(service.scrape_configs[0].static_configs[0].targets).toEqual(["127.0.0.1:8080"]);
  expect(ci.scrape_configs[0].authorization).toEqual({ credentials_file: "read-token.txt" });
  const { expr } = rules.groups[0].rules[0];
  const [, names = ""] = /__name__=~"([^"]+)"/.exec(expr) ?? [];
  for (const name of ["dagger_breaker_circuit_status", "dagger_breaker_shared_circuit_status"]) {
    expect(name).toMatch(new RegExp(`^(?:${names})$`));
  }
});

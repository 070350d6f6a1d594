/** Tests the recipes of docs/operation.md as a user's programs, and what the page promises about them. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { createProject, installed, type Project } from "./project.js";
import { compileRecipes, operationSnippets, recipeWith, startRecipe } from "./recipes.js";

const snippets = operationSnippets();
const recipes = ["express", "fastify", "node:http"].map((name) => {
  const text = recipeWith(`from "${name}"`, "/health/circuits");
  return { name, file: `${name.replace(":", "-")}.ts`, text };
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
  await compileRecipes(project, recipes);
});
afterAll(() => project.remove());

describe.each(recipes)("the recipe for $name", ({ file }) => {
  test("has the health pages and the metrics", async () => {
    const url = await startRecipe(project, file);
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

test("the configurations of Prometheus on the page are YAML, and scrape what the page starts", () => {
  const [service, ci] = yaml.map((text) => parse(text));
  expect(yaml).toHaveLength(2);
  const targetsOf = (config: typeof service) => config.scrape_configs[0].static_configs[0].targets;
  expect(targetsOf(service)).toEqual(["127.0.0.1:8080"]);
  expect(targetsOf(ci)).toEqual(["127.0.0.1:7420"]);
  expect(ci.scrape_configs[0].authorization).toEqual({ credentials_file: "read-token.txt" });
  for (const config of [service, ci]) expect(config.rule_files).toEqual(["rules.yml"]);
  const jobs = [service, ci].map((config) => config.scrape_configs[0].job_name);
  const text = snippets.map((snippet) => snippet.text).join("");
  expect(text).toContain(`dagger-breaker alerts --job ${jobs[0]} > rules.yml`);
});

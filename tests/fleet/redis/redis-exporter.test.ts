/** Tests the exporter in docs/operation.md for circuits in Redis, as a program of a user. */

import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openStore } from "../../../src/fleet/open-store.js";
import { createProject, installed, type Project } from "../../package/project.js";
import { compileRecipes, recipeWith, startRecipe } from "../../package/recipes.js";
import { limit, settle } from "../commands.js";
import { RedisServer } from "./redis-server.js";

let server: RedisServer;
let project: Project;
beforeAll(async () => {
  server = await RedisServer.start();
  project = await createProject({
    "@types/node": installed("@types/node"),
    "@redis/client": installed("@redis/client"),
  });
  const text = recipeWith("DAGGER_BREAKER_STORE", "metricsText(fleet)", "createServer");
  await compileRecipes(project, [{ file: "exporter.ts", text }]);
});
afterAll(async () => {
  await server.kill();
  await project.remove();
});

test("the exporter shows the circuits that other processes keep in Redis, in all scopes", async () => {
  const store = await openStore(server.url);
  onTestFinished(() => store.close());
  await store.run({ scope: "one", name: "registry:docker.io" }, limit());
  await store.run({ scope: "two", name: "git:github.com" }, settle());
  const url = await startRecipe(project, "exporter.ts", { DAGGER_BREAKER_STORE: server.url });
  const page = await fetch(`${url}/metrics`);
  expect(page.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const lines = (await page.text()).split("\n");
  const status = (name: string, scope: string, state: string) =>
    `dagger_breaker_shared_circuit_status{dagger_breaker_circuit_name="${name}",dagger_breaker_circuit_scope="${scope}",dagger_breaker_circuit_state="${state}"} 1`;
  expect(lines).toContain(status("registry:docker.io", "one", "open"));
  expect(lines).toContain(status("git:github.com", "two", "closed"));
});

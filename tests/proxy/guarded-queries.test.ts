// Queries through the proxy to the session double: what the guard lets in, refuses and learns.

import { expect, test } from "vitest";
import { startScene } from "./scene.js";

test("a query passes to the session and its answer back", async () => {
  await using scene = await startScene();
  const answer = await scene.ask("{ version }");
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ data: { version: "v0.21.8" } });
  expect(scene.proxy.counts).toEqual({ requests: 1, rejected: 0, timedOut: 0, lost: 0 });
  expect(scene.double.queries).toBe(1);
});

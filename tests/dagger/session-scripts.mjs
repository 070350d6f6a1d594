// Runs the scripts from its parent, one after the other, because loading the SDK takes longer than
// they do.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const AsyncFunction = (async () => {}).constructor;
// The package in the working folder.
const { resolve } = createRequire(join(process.cwd(), "package.json"));
const load = (name) => import(pathToFileURL(resolve(name)).href);
const told = (result) => process.send(result);

process.on("disconnect", () => process.exit(0));
process.on("message", async ({ state, script }) => {
  process.env.FAKE_CLI_STATE = state;
  const { guardRegistry } = await load("dagger-circuit-breaker/dagger");
  guardRegistry.delete("engine");
  const run = new AsyncFunction("load", "told", script);
  await run(load, told).catch((error) => told({ crashed: `${error.stack}` }));
});

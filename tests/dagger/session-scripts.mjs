// Runs the scripts that its parent sends, one after the other, in this one process. Loading the SDK for
// each script would take longer than the script.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const AsyncFunction = (async () => {}).constructor;
// Modules are resolved from the package in the working folder.
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

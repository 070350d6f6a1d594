// A proxy alone in a process, compiled into the given folder, that reports its live memory on
// request.

import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, target] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(folder, path)).href);
const { startSessionProxy } = await load("proxy/session-proxy.js");
const { Guard } = await load("guard/guard.js");
const { createRegistry } = await load("registry/registry.js");

const guard = new Guard({ registry: createRegistry() });
const { address } = await startSessionProxy({ guard, target: JSON.parse(target) });
process.send({ address });
process.on("message", () => {
  // One collection frees the buffers that the previous one found.
  for (let times = 0; times < 3; times += 1) globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send({ liveBytes: heapUsed + external, rssBytes: rss });
});
process.once("disconnect", () => process.exit(0));

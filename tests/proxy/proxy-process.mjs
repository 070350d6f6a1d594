// Runs only a proxy, compiled into the given folder. Reports its memory in use when asked.

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
  // A collection frees buffers that the collection before it found unused, so it runs several times.
  for (let times = 0; times < 3; times += 1) globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send({ liveBytes: heapUsed + external, rssBytes: rss });
});
process.once("disconnect", () => process.exit(0));

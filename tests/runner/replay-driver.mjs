// Replays many recorded commands in this process, one after the other. Each runs through runGuarded, with
// its own breakers and with the streams of this process. The only argument is the file for the reports.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const file = process.argv[2];
const { dist, dagger, commands } = JSON.parse(readFileSync(file, "utf8"));
const load = (path) => import(pathToFileURL(`${dist}/${path}`).href);
const { runGuarded } = await load("runner/guarded-run.js");
const { Guard } = await load("guard/guard.js");
const { createRegistry } = await load("registry/registry.js");

const runs = [];
for (const { path, exitCode, args } of commands) {
  const registry = createRegistry();
  const plan = {
    command: dagger,
    args: [path, `${exitCode}`, ...args],
    env: process.env,
    limits: {},
  };
  const report = await runGuarded(
    { ...plan, learnt: "off", maxRetries: 0, sendsTraces: false },
    new Guard({ registry }),
  );
  const failedIn = [...registry.getAll().values()]
    .filter((breaker) => breaker.getMetrics().metrics.failureCount > 0)
    .map(({ name }) => name);
  runs.push({ report, failedIn });
}
writeFileSync(file, JSON.stringify(runs));

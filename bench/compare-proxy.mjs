/**
 * Compares how much time the session proxies of two builds add to a query. The two builds take turns.
 *
 *   node bench/compare-proxy.mjs <dist of the earlier build> [<dist of the other build>] [--rounds 40]
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { median, spreadOf } from "./measuring/statistics.mjs";
import { timeQueries } from "./suites/guard/proxy.mjs";

const HERE = fileURLToPath(new URL("../dist", import.meta.url));
const QUERIES = 300;
const WARM_UPS = 5;

const { values, positionals } = parseArgs({
  options: { rounds: { type: "string", default: "40" } },
  allowPositionals: true,
});
const [before, after = HERE] = positionals;
if (before === undefined) {
  process.stderr.write("bench: expected the folder of the build before, such as ../before/dist\n");
  process.exit(2);
}

const session = await start("session");
const proxies = [];
for (const dist of [before, after]) {
  const url = pathToFileURL(`${resolve(dist)}/`).href;
  proxies.push({ dist, ...(await start("proxy", JSON.stringify(session.address), url)) });
}
const rounds = [];
for (let round = -WARM_UPS; round < Number(values.rounds); round += 1) {
  const straight = await timeQueries(session.address, QUERIES);
  const took = [];
  for (const { child, address } of proxies) {
    const cpuBefore = await cpuOf(child);
    const us = (await timeQueries(address, QUERIES)) - straight;
    took.push({ us, cpuUs: ((await cpuOf(child)) - cpuBefore) / QUERIES });
  }
  if (round >= 0) rounds.push(took);
}
for (const [index, { dist }] of proxies.entries()) {
  const [us, cpuUs] = ["us", "cpuUs"].map((of) => median(rounds.map((took) => took[index][of])));
  console.log(
    `${dist}: adds ${us.toFixed(0)} us a query, of which ${cpuUs.toFixed(0)} us are its processor time`,
  );
}
for (const [of, what] of [
  ["us", "added time"],
  ["cpuUs", "processor time"],
]) {
  const { low, median: middle, high } = spreadOf(rounds.map(([one, other]) => other[of] / one[of]));
  console.log(
    `${what}, after / before: ${middle.toFixed(2)} (${low.toFixed(2)}-${high.toFixed(2)})`,
  );
}
for (const { child } of [session, ...proxies]) child.disconnect();

async function start(role, ...args) {
  const child = fork(new URL("processes/proxy-process.mjs", import.meta.url), [role, ...args], {
    execArgv: [],
  });
  const [address] = await once(child, "message");
  return { child, address };
}

/** Returns the processor time that a process has used so far, in microseconds. */
async function cpuOf(child) {
  child.send("cpu");
  const [cpuUs] = await once(child, "message");
  return cpuUs;
}

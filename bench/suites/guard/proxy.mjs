/** Measures how much time the session proxy adds, by sending the same request with and without it. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { figure } from "../../measuring/report.mjs";
import { median, spreadOf } from "../../measuring/statistics.mjs";

export const title = "The session proxy";
export const note =
  "Session, proxy and client are three processes, the connections are kept, and one request follows the other. Each query runs another command on one image; an answer takes as long as the row states.";

const REQUESTS = 300;
const LONG_REQUESTS = 30;
const LONG_MS = 10;

export async function run({ rounds }) {
  const session = await start("session");
  const proxy = await start("proxy", JSON.stringify(session.address));
  const times = Math.max(5, Math.round(rounds / 4));
  const compare = (path, requests) =>
    measure(session.address, proxy.address, path, requests, times);
  const rows = [
    { name: "a query", cells: await compare("/query", REQUESTS) },
    { name: "another path", cells: await compare("/other", REQUESTS) },
    { name: `a query of ${LONG_MS} ms`, cells: await compare(`/query?${LONG_MS}`, LONG_REQUESTS) },
  ];
  for (const { child } of [proxy, session]) child.disconnect();
  return {
    rows,
    figures: [
      figure(rows, "a query", "added us", 500),
      figure(rows, "another path", "added us", 500),
      figure(rows, `a query of ${LONG_MS} ms`, "ratio", 1.1),
    ],
  };
}

/**
 * Starts the session or the proxy in a process of its own. The process sends its address, and ends when we
 * disconnect.
 */
async function start(role, ...args) {
  const child = fork(
    new URL("../../processes/proxy-process.mjs", import.meta.url),
    [role, ...args],
    {
      execArgv: [],
    },
  );
  const [address] = await once(child, "message");
  return { child, address };
}

async function measure(session, proxy, path, requests, rounds) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const pairs = [];
  for (let round = -5; round < rounds; round += 1) {
    const straight = await microsecondsEach(session, path, requests, agent);
    const through = await microsecondsEach(proxy, path, requests, agent);
    if (round >= 0) pairs.push({ straight, through });
  }
  agent.destroy();
  const each = (of) => ({ unit: "each", median: median(pairs.map(of)) });
  return {
    "straight us": each(({ straight }) => straight),
    "through us": each(({ through }) => through),
    "added us": each(({ straight, through }) => through - straight),
    ratio: { unit: "x", ...spreadOf(pairs.map(({ straight, through }) => through / straight)) },
  };
}

/** Returns the time of each query in microseconds. Queries run one after the other on one connection. */
export async function timeQueries(address, requests) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    return await microsecondsEach(address, "/query", requests, agent);
  } finally {
    agent.destroy();
  }
}

async function microsecondsEach(address, path, requests, agent) {
  const start = performance.now();
  for (let i = 0; i < requests; i += 1) await ask(address, path, i, agent);
  return ((performance.now() - start) * 1000) / requests;
}

function ask({ port, token }, path, i, agent) {
  const query = `{ container { from(address: "alpine:3") { withExec(args: ["echo", "${i}"]) { stdout } } } }`;
  const body = JSON.stringify({ query });
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      port,
      host: "127.0.0.1",
      method: "POST",
      path,
      agent,
      headers: {
        authorization: `Basic ${Buffer.from(`${token}:`).toString("base64")}`,
        "content-type": "application/json",
        "content-length": body.length,
      },
    });
    request.on("error", reject).on("response", (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`answered ${answer.statusCode}`));
      answer.resume().on("end", resolve);
    });
    request.end(body);
  });
}

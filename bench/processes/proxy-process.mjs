/**
 * The other processes of the suite `proxy`: a session that answers after a delay, or a proxy in front of
 * it.
 */

import { createServer } from "node:http";

const ANSWER = '{"data":{"container":{"from":{"withExec":{"stdout":"1\\n"}}}}}';
const HEAD = { "content-type": "application/json", "content-length": ANSWER.length };

const THIS_BUILD = new URL("../../dist/", import.meta.url).href;

const [role, target, build = THIS_BUILD] = process.argv.slice(2);
process.send(role === "session" ? await startSession() : await startProxy(JSON.parse(target)));
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send(user + system);
});
process.once("disconnect", () => process.exit(0));

/** Starts a session. Each request is answered after a delay, whose milliseconds are in the query string. */
async function startSession() {
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const answer = () => response.writeHead(200, HEAD).end(ANSWER);
    const delayMs = Number(request.url.split("?")[1] ?? 0);
    request.resume().on("end", () => (delayMs === 0 ? answer() : setTimeout(answer, delayMs)));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: server.address().port, token: "00" };
}

async function startProxy(session) {
  const load = (path) => import(new URL(path, build).href);
  const { Guard } = await load("guard/guard.js");
  const { createRegistry } = await load("index.js");
  const { startSessionProxy } = await load("proxy/session-proxy.js");
  const guard = new Guard({ registry: createRegistry() });
  return (await startSessionProxy({ guard, target: session })).address;
}

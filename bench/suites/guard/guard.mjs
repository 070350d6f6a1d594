/** Measures how much time the guard adds to a request of a Dagger session whose transport answers at once. */

import { readRequest } from "../../../dist/attribution/query/read-request.js";
import { Guard } from "../../../dist/guard/guard.js";
import { GuardedSession } from "../../../dist/guard/guarded-session.js";
import { createRegistry } from "../../../dist/index.js";
import { figure } from "../../measuring/report.mjs";

export const title = "The guard of a Dagger session";
export const note = "The transport is stubbed; each request runs another command on one image.";

const REQUESTS = 5000;

const ANSWER = {
  status: 200,
  contentType: "application/json",
  body: '{"data":{"container":{"from":{"withExec":{"stdout":"1\\n"}}}}}',
};

export async function run({ rounds }) {
  const session = new GuardedSession(new Guard({ registry: createRegistry() }));
  const exchange = async () => ANSWER;
  const link = { send: exchange, ask: exchange };
  const added = [];
  for (let round = 0; round < Math.max(5, rounds / 4); round += 1) {
    const bare = await microsecondsEach(exchange);
    const guarded = await microsecondsEach((request) =>
      session.request(readRequest(request), link),
    );
    if (round > 1) added.push(guarded - bare);
  }
  added.sort((one, other) => one - other);
  const median = added[Math.floor(added.length / 2)];
  const rows = [{ name: "guard", cells: { "added us": { unit: "each", median } } }];
  return { rows, figures: [figure(rows, "guard", "added us", 20)] };
}

async function microsecondsEach(call) {
  const start = performance.now();
  for (let i = 0; i < REQUESTS; i += 1) {
    const query = `{ container { from(address: "alpine:3") { withExec(args: ["echo", "${i}"]) { stdout } } } }`;
    await call({ query });
  }
  return ((performance.now() - start) * 1000) / REQUESTS;
}

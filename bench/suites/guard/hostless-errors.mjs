/**
 * Measures how long an answer blocks the event loop when its errors name no host. The guard then searches
 * the request for a host.
 */

import { readRequest } from "../../../dist/attribution/query/read-request.js";
import { Guard } from "../../../dist/guard/guard.js";
import { GuardedSession } from "../../../dist/guard/guarded-session.js";
import { createRegistry } from "../../../dist/index.js";
import { figure } from "../../measuring/report.mjs";
import { spreadOf } from "../../measuring/statistics.mjs";

export const title = "An answer of 1,000 errors without a host";
export const note =
  "To a request of 112 KB that names 1,000 images. It is the processor time of one guarded request, its reading included; the transport is stubbed.";

const ERRORS = 1000;

const images = Array.from(
  { length: ERRORS },
  (_, index) =>
    `a${index}: container { from(address: "ghcr.io/acme/${"app".repeat(15)}:${index}") { id } }`,
);
const query = `{ ${images.join(" ")} }`;
const ANSWER = {
  status: 200,
  contentType: "application/json",
  body: JSON.stringify({
    data: null,
    errors: images.map((_, index) => ({
      message: `failed to do request: EOF of ${index}`,
      path: [`a${index}`, "from"],
    })),
  }),
};

export async function run({ rounds }) {
  const answer = async () => ANSWER;
  const link = { send: answer, ask: answer };
  const took = [];
  for (let round = 0; round < Math.max(5, rounds / 4); round += 1) {
    const session = new GuardedSession(new Guard({ registry: createRegistry() }));
    const start = process.cpuUsage();
    await session.request(readRequest({ query }), link);
    const { user, system } = process.cpuUsage(start);
    took.push((user + system) / 1000);
  }
  const name = `${Math.round(query.length / 1000)} KB, ${ERRORS} errors`;
  const rows = [{ name, cells: { "blocked ms": { unit: "each", ...spreadOf(took) } } }];
  return { rows, figures: [figure(rows, name, "blocked ms", 100)] };
}

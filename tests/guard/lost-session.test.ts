// Tests every sign of a lost session, as recorded from real engines, and texts that only look similar.

import { expect, test } from "vitest";
import type { GraphQLRequest, SessionResponse } from "../../src/attribution/failure.js";
import { isSessionLostError } from "../../src/guard/errors.js";
import { Guard } from "../../src/guard/guard.js";
import { GuardedSession } from "../../src/guard/guarded-session.js";
import { createRegistry } from "../../src/registry/registry.js";
import { sendIn } from "./one-session.js";
import { EXEC_FAILED, failing, from } from "./scene.js";

const text = (status: number, body: string): SessionResponse => ({
  status,
  contentType: "text/plain; charset=utf-8",
  body,
});
const nodeError = (message: string, code: string) => Object.assign(new Error(message), { code });

const POST = 'http do: Post "http://dagger/query": ';
const TRACE = "[traceparent:0a1b2c3d4e5f60718293a4b5c6d7e8f9-0a1b2c3d4e5f6071]";

/** Sends requests that all end in the same way. Returns the results for the engine and for the session. */
async function meet(end: SessionResponse | Error) {
  const guard = new Guard({ registry: createRegistry() });
  const session = new GuardedSession(guard);
  let sent = 0;
  const exchange = async ({ query }: GraphQLRequest) => {
    // The guard itself asks the engine for its version, which is not a request of the session.
    if (query !== "{ version }") sent += 1;
    await Promise.resolve();
    if (end instanceof Error) throw end;
    return end;
  };
  const send = () => sendIn(session, { query: from("alpine:3") }, exchange).catch((error) => error);
  await Promise.all([send(), send(), send()]);
  const next = await send();
  const { failureCount, rejectedCount } = guard.engine.getMetrics().metrics;
  return { failureCount, rejectedCount, lost: isSessionLostError(next), sent };
}

test.each<[string, SessionResponse | Error]>([
  ["the engine was killed", text(502, `${POST}unexpected EOF`)],
  [
    "it is gone",
    text(502, `${POST}dial unix /run/dagger/engine.sock: connect: connection refused`),
  ],
  [
    "it was ended",
    text(502, `${POST}dial unix /run/dagger/engine.sock: connect: no such file or directory`),
  ],
  ["v0.21 shuts down", failing("engine is shutting down")],
  [
    "v0.21 was restarted",
    text(
      200,
      '{"data":null,"errors":[{"message":"waiting for client session attachables: context deadline exceeded"}]}\n',
    ),
  ],
  [
    "v0.19 was restarted",
    failing(
      `failed to resolve image "docker.io/library/alpine:3" (platform: "linux/amd64"): failed to resolve source metadata for docker.io/library/alpine:3: DeadlineExceeded: failed to get main client caller: context deadline exceeded ${TRACE}`,
    ),
  ],
  ["the CLI was killed", nodeError("socket hang up", "ECONNRESET")],
  ["the CLI is gone", nodeError("connect ECONNREFUSED 127.0.0.1:41234", "ECONNREFUSED")],
  ["the body was cut", nodeError("aborted", "ECONNRESET")],
])("%s: one failure, three requests, and no fourth", async (_what, end) => {
  expect(await meet(end)).toEqual({ failureCount: 1, rejectedCount: 0, lost: true, sent: 3 });
});

test.each<[string, SessionResponse | Error]>([
  ["a failing command", EXEC_FAILED],
  [
    "a command that prints an engine's last words",
    failing({
      message: "exit code: 1",
      path: ["container", "from", "withExec", "stdout"],
      extensions: {
        _type: "EXEC_ERROR",
        cmd: ["dagger", "call"],
        exitCode: 1,
        stdout: "engine is shutting down",
        stderr: `${POST}unexpected EOF`,
      },
    }),
  ],
  [
    "a registry that refuses connections",
    failing(
      'failed to resolve image "docker.io/library/alpine:3" (platform: "linux/amd64"): failed to do request: Head "https://registry-1.docker.io/v2/library/alpine/manifests/3": dial tcp 203.0.113.4:443: connect: connection refused',
    ),
  ],
  ["a wrong token", text(401, "")],
  [
    "a query that is wrong",
    { ...text(422, '{"errors":[{"message":"Cannot query field \\"oops\\""}],"data":null}') },
  ],
])("%s is not a lost session", async (_what, end) => {
  expect(await meet(end)).toMatchObject({ lost: false, sent: 4 });
});

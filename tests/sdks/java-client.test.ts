/**
 * Tests the errors that users of Java read. Java's SDK is in no registry, but the GraphQL client that it
 * uses is.
 */

import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { Guard } from "../../src/guard/guard.js";
import { createRegistry } from "../../src/index.js";
import { startSessionProxy } from "../../src/proxy/session-proxy.js";
import { startSessionDouble } from "../../src/testing/index.js";
import { bareEnvironment } from "./sdk-programs.js";
import { ALL_ARE_NEEDED, ENGINES, JAVA_CLASSES } from "./sdks.js";

const LIMITED = { host: "docker.io", kind: "status", status: 429 } as const;
const HANGS = { operation: "publish", kind: "hang" } as const;
/** A timeout that is long enough for a success, even on a busy machine. */
const TIMEOUT_MS = 5_000;

const of = (image: string, rest: string) => `{ container { from(address: "${image}") ${rest} } }`;

test.runIf(JAVA_CLASSES !== undefined || ALL_ARE_NEEDED).each(Object.values(ENGINES))(
  "the GraphQL client of Java's SDK shows the whole rejection, from an engine %s",
  async (engineVersion) => {
    await using double = await startSessionDouble({
      engineVersion,
      workdir: tmpdir(),
      faults: [LIMITED, HANGS],
    });
    const guard = new Guard({ registry: createRegistry(), operationTimeoutMs: TIMEOUT_MS });
    const { address, close } = await startSessionProxy({ guard, target: double });
    const env = bareEnvironment({
      DAGGER_SESSION_PORT: `${address.port}`,
      DAGGER_SESSION_TOKEN: address.token,
    });
    const program = new URL("java/Read.java", import.meta.url).pathname;
    const queries = [
      "{ version }",
      of("quay.io/acme/app:1", '{ withExec(args: ["sh", "-c", "exit 3"]) { stdout } }'),
      of("quay.io/acme/app:1", '{ publish(address: "ttl.sh/app:1") }'),
      of("acme/app:1", "{ stdout }"),
      of("acme/app:2", "{ stdout }"),
    ];
    const args = ["-cp", join(JAVA_CLASSES ?? "", "*"), program, ...queries];
    const { stdout } = await promisify(execFile)("java", args, { env });
    await close();
    const read = stdout.trim().split("\n");
    expect(read.map((line) => JSON.parse(line))).toEqual([
      { data: { version: engineVersion } },
      {
        message: expect.stringContaining("exit code: 3"),
        extensions: expect.objectContaining({ _type: "EXEC_ERROR", exitCode: "3" }),
      },
      {
        message: expect.stringContaining(`${TIMEOUT_MS} ms`),
        extensions: { _type: "TIMED_OUT", upstream: "engine", timeoutMs: `${TIMEOUT_MS}` },
      },
      {
        message: expect.stringContaining("429 Too Many Requests"),
        extensions: expect.anything(),
      },
      {
        message: expect.stringMatching(/^circuit open: registry:docker\.io, retry in \d+s$/),
        extensions: {
          _type: "CIRCUIT_OPEN",
          upstream: "registry:docker.io",
          reason: "open",
          retryAfterMs: expect.stringMatching(/^\d+$/),
        },
      },
    ]);
  },
);

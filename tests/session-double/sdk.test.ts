/** Tests that the official SDK gets the same results from the double as from a real engine. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect } from "@dagger.io/dagger";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { OPERATIONS, type OperationSetting } from "./sdk-operations.js";
import { startUpstream, type Upstream } from "./upstream.js";

interface RecordedOperation {
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly code: string; readonly message: string };
}

const RECORDED = JSON.parse(
  readFileSync(new URL("../fixtures/sdk-operations.json", import.meta.url), "utf8"),
) as Readonly<Record<string, RecordedOperation>>;

/** Returns the recorded result of an operation, with this run's folders and versions. */
function expected(name: string, session: SessionDouble, { project }: OperationSetting): unknown {
  const { result } = RECORDED[name] ?? {};
  if (name === "version") return session.engineVersion;
  // During the recording, the folder already contained exported files.
  if (name === "host directory entries") return ["a.txt"];
  if (typeof result !== "string") return result;
  return result
    .replace("/home/ci/project", project)
    .replace(/sha256:[0-9a-f]{64}/, "sha256:digest");
}

describe.each(["v0.21.8", "v0.19.11"] as const)("engine %s", (engineVersion) => {
  let session: SessionDouble;
  let upstream: Upstream;
  let setting: OperationSetting;
  let root: string;

  beforeAll(async () => {
    session = await startSessionDouble({
      engineVersion,
      faults: [{ operation: "from", contains: "faults/s503", kind: "status", status: 503 }],
    });
    upstream = await startUpstream();
    upstream.createRepository("ok.git");
    root = mkdtempSync(join(tmpdir(), "sdk-operations-"));
  });

  afterAll(async () => {
    await session.stop();
    await upstream[Symbol.asyncDispose]();
    rmSync(root, { recursive: true });
  });

  test.each(Object.keys(RECORDED))("%s ends as recorded", async (name) => {
    const project = mkdtempSync(join(root, "project-"));
    writeFileSync(join(project, "a.txt"), "hi\n");
    setting = {
      project,
      filesUrl: `${upstream.url}/ok/a.txt`,
      gitUrl: `${upstream.url}/git/ok.git`,
    };
    const operation = OPERATIONS[name];
    if (operation === undefined) throw new Error(`no operation ${name}`);
    const { error } = RECORDED[name] ?? {};
    const outcome = await withClient(session, (client) => operation(client, setting));
    if (error === undefined) {
      expect(outcome).toEqual({ value: expected(name, session, setting) });
    } else {
      const frame =
        engineVersion === "v0.19.11" ? /failed to resolve image|exit code: 3/ : undefined;
      expect(outcome.error).toMatchObject({
        name: error.name,
        code: error.code,
        message:
          frame === undefined
            ? expect.stringContaining(error.message.replace(/ \[traceparent.*/, ""))
            : expect.stringMatching(frame),
      });
    }
  });
});

async function withClient(
  session: SessionDouble,
  use: (client: Client) => Promise<unknown>,
): Promise<{ value?: unknown; error?: unknown }> {
  for (const [name, value] of Object.entries(session.environment)) vi.stubEnv(name, value);
  let outcome: { value?: unknown; error?: unknown } = {};
  await connect(async (client) => {
    outcome = await use(client).then(
      (value) => ({
        value:
          typeof value === "string" ? value.replace(/sha256:[0-9a-f]{64}/, "sha256:digest") : value,
      }),
      (error: unknown) => ({ error }),
    );
  });
  vi.unstubAllEnvs();
  return outcome;
}

/** Tests sessions that programs with the real SDK open or find inside `dagger-breaker run`. */

import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RunJson } from "../../../src/cli/run/report.js";
import type { SessionDouble } from "../../../src/testing/index.js";
import { type BuiltTestKit, buildTestKit } from "../../session-double/built.js";
import { builtCli } from "../built-cli.js";

const PIPELINE = fileURLToPath(new URL("../sdk-pipeline.mjs", import.meta.url));
const LIMITED = { host: "ghcr.io", kind: "status", status: 429 } as const;
const cli = builtCli();

let kit: BuiltTestKit;
let double: SessionDouble;

beforeAll(async () => {
  kit = await buildTestKit();
});
afterAll(() => kit.remove());
beforeEach(async () => {
  double = await kit.testing.startSessionDouble({ faults: [LIMITED] });
});
afterEach(() => double.stop());

/** Runs the pipeline with these images. Returns the lines that it prints, and the report. */
async function pipeline(
  env: Readonly<Record<string, string>>,
  images: readonly string[],
  options: readonly string[] = [],
) {
  const file = join(cli.folder, `sessions-${Math.random()}.json`);
  const run = await cli.run(
    ["run", ...options, "--output", file, "--", process.execPath, PIPELINE, ...images],
    { env },
  );
  const [head = "", ...lines] = run.stdout.trimEnd().split("\n").filter(Boolean);
  return { ...run, head, lines, report: JSON.parse(readFileSync(file, "utf8")) as RunJson };
}

describe.each(["found in the environment", "opened by the SDK"])("a session %s", (way) => {
  const environment = async () =>
    way === "opened by the SDK"
      ? { ...(await double.cliEnvironment()) }
      : { ...double.environment };

  test("works as without us", async () => {
    const { exitCode, head, lines, report } = await pipeline(await environment(), ["alpine:3"]);
    expect(exitCode).toBe(0);
    expect(head).toBe("guarded by 1, traced to undefined");
    expect(lines).toEqual(["ran"]);
    expect(report.outcome).toBe("succeeded");
    expect(report.sessions?.requests).toBeGreaterThan(0);
    expect(report.sessions?.rejected).toBe(0);
  });

  test("is guarded: behind a rate limit the next pull is rejected, and a request avoided", async () => {
    const images = ["ghcr.io/acme/app:1", "ghcr.io/acme/app:2"];
    const { exitCode, lines, stderr, report } = await pipeline(await environment(), images);
    expect(exitCode).toBe(0);
    expect(lines[0]).toMatch(/429|Too Many Requests/);
    expect(lines.slice(1).join("\n")).toMatch(/circuit open: registry:ghcr\.io, retry in \d+s/);
    expect(report.sessions?.rejected).toBe(1);
    expect(report.sparedRequests).toBe(6);
    expect(stderr).toMatch(
      /dagger-breaker: succeeded, exit code 0, 1 request rejected, 6 requests avoided\n$/,
    );
    expect(double.requestsTo("ghcr.io")).toBe(6);
  });
});

test("report and summary list images that sessions took from Dagger's lock file", async () => {
  const folder = join(cli.folder, "locked");
  mkdirSync(join(folder, ".git"), { recursive: true });
  const digest = `sha256:${"a".repeat(64)}`;
  const entry = [
    "",
    "container.from",
    ["docker.io/library/alpine:3", "linux/amd64"],
    digest,
    "pin",
  ];
  writeFileSync(join(folder, "dagger.lock"), `[["version","1"]]\n${JSON.stringify(entry)}\n`);
  // The engine writes a lock file too. It gets a repository of its own, so that it leaves this file
  // unchanged.
  const workdir = mkdtempSync(join(cli.folder, "engine-"));
  mkdirSync(join(workdir, ".git"));
  const engine = await kit.testing.startSessionDouble({ engineVersion: "v1.0.0-beta.10", workdir });
  const report = join(folder, "report.json");
  const summary = join(folder, "summary.md");
  const command = [process.execPath, PIPELINE, "alpine:3", "ghcr.io/acme/app:1"];
  await cli.run(["run", "--output", report, "--", ...command], {
    cwd: folder,
    env: {
      ...(await engine.cliEnvironment()),
      GITHUB_ACTIONS: "true",
      GITHUB_STEP_SUMMARY: summary,
    },
  });
  await engine.stop();
  const { lockedImages } = JSON.parse(readFileSync(report, "utf8")) as RunJson;
  expect(lockedImages).toEqual([{ reference: "docker.io/library/alpine:3", platform: "", digest }]);
  expect(readFileSync(summary, "utf8")).toContain("| images pinned by the lock file | 1 |");
});

test("several sessions of one command share its circuits", async () => {
  const script = [1, 2].map((tag) => `'${process.execPath}' '${PIPELINE}' ghcr.io/acme/app:${tag}`);
  const run = await cli.run(["run", "--", "sh", "-c", script.join("\n")], {
    env: { ...(await double.cliEnvironment()) },
  });
  expect(run.stdout).toContain("circuit open: registry:ghcr.io");
  expect(double.requestsTo("ghcr.io")).toBe(6);
});

// Tests recordings of real engines that an earlier build classified wrong, and commands in every progress
// format.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { classifyFailure } from "../../src/attribution/classify/classify-failure.js";
import { classifyResponse } from "../../src/attribution/classify/classify-response.js";
import type { Failure, Fault } from "../../src/attribution/failure.js";
import { breakerName } from "../../src/attribution/hosts.js";
import { evidenceFromSpans } from "../../src/attribution/spans/evidence.js";
import type { EngineSpan } from "../../src/attribution/spans/span.js";

interface Label {
  readonly fault: Fault;
  readonly counts: boolean;
  readonly upstream?: string | null;
  readonly suspectedUpstream?: string;
}

function read<T>(name: string): T[] {
  const file = new URL(`../fixtures/attribution/${name}.jsonl`, import.meta.url);
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as T);
}

interface Live {
  readonly id: string;
  readonly engine: string;
  readonly query: string;
  readonly status: number;
  readonly body: string;
  readonly spans?: readonly EngineSpan[];
  readonly traceparent?: string;
  readonly expected: {
    readonly failures?: readonly Label[];
    readonly sessionLost?: boolean;
    readonly breakers?: Readonly<Record<string, string>>;
  };
}

const live = read<Live>("live");
const answered = live.filter(({ expected }) => expected.failures !== undefined);

test("there are enough requests that were handled wrongly", () => {
  expect(answered.length).toBeGreaterThanOrEqual(45);
});

test.each(answered)("$engine $id: the answer is classified as what happened", (row) => {
  const failures = classifyResponse(row, { query: row.query });
  const { failures: wanted = [], sessionLost } = row.expected;
  expect(failures).toMatchObject(wanted);
  expect(failures).toHaveLength(wanted.length);
  if (sessionLost === undefined) return;
  expect(failures.map((failure) => failure.sessionLost)).toEqual(wanted.map(() => sessionLost));
});

/** Recordings in which spans decide, each with the outcome that its upstream should get. */
const traced = live.flatMap((row) =>
  row.spans === undefined
    ? []
    : Object.entries(row.expected.breakers ?? {})
        .filter(
          ([name, outcome]) => /^(?:http|registry):/.test(name) && !/^success where/.test(outcome),
        )
        .map(([name, outcome]) => ({ ...row, name, outcome })),
);

test.each(traced)("$engine $id: spans tell $name $outcome", ({ spans = [], name, outcome }) => {
  const found = evidenceFromSpans(spans).filter(
    ({ kind, host }) => breakerName(kind, host) === name,
  );
  const wanted = outcome.startsWith("nothing")
    ? []
    : [outcome === "failure" ? "failed" : "answered"];
  expect(found.map((one) => one.outcome)).toEqual(wanted);
});

const commands = live.filter(({ traceparent }) => traceparent !== undefined);

test.each(commands)(
  "$engine: spans that a container posts below its own TRACEPARENT count no failure",
  (row) => {
    const [, trace = "", parent = ""] = row.traceparent?.split("-") ?? [];
    const forged = (at: string): EngineSpan => ({
      scope: "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
      name: "remotes.docker.resolver.HTTPRequest",
      trace,
      id: "00000000000000ff",
      parent: at,
      startNs: "1795473288102464821",
      endNs: "1795473288158790397",
      status: "error",
      message: "",
      attributes: {
        "http.request.method": "HEAD",
        "server.address": "ghcr.io",
        "http.response.status_code": 503,
      },
    });
    const accused = (at: string) =>
      evidenceFromSpans([...(row.spans ?? []), forged(at)]).filter(
        ({ host }) => host === "ghcr.io",
      );
    expect(row.spans?.find(({ id }) => id === parent)?.name).toBe("Container.withExec");
    expect(accused(parent)).toEqual([]);
    // The same span counts below a span under which only the engine can send spans.
    const pull = row.spans?.find(({ name }) => name.startsWith("resolving "));
    expect(accused(pull?.id ?? "")).toMatchObject([{ outcome: "failed", forgeable: false }]);
  },
);

interface Command {
  readonly engine: string;
  readonly id: string;
  readonly format: string;
  readonly args: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly failures: readonly Label[];
}

function isSame(label: Label, got: Failure, text: string): boolean {
  if (label.fault !== got.fault || label.counts !== got.counts) return false;
  // A text that does not contain the host cannot identify it, so the upstream is not compared.
  if (typeof label.upstream !== "string" || !text.includes(label.upstream)) return true;
  return (
    got.upstream !== null &&
    breakerName("registry", got.upstream) === breakerName("registry", label.upstream)
  );
}

test.each(["plain", "report", "tty", "dots", "logs"])(
  "commands with --progress=%s are classified as what happened, and the host is theirs",
  (format) => {
    const rows = read<Command>("commands-2").filter((row) => row.format === format);
    const wrong = rows.filter(({ stdout, stderr, exitCode, failures }) => {
      const text = `${stdout}\n${stderr}`;
      const got = classifyFailure(text, { source: "cli", exitCode });
      const suspectedUpstream = failures[0]?.suspectedUpstream;
      if (suspectedUpstream !== undefined && got.suspectedUpstream !== suspectedUpstream)
        return true;
      return !failures.some((label) => isSame(label, got, text));
    });
    expect(rows.length).toBeGreaterThan(20);
    expect(wrong.map(({ engine, id }) => `${engine} ${id}`)).toEqual([]);
  },
);

test("with the command line 98 % of the hosts that failed are named, and no other is", () => {
  const rows = read<Command>("commands-2");
  const nameOf = (host: string | null | undefined) => host && breakerName("registry", host);
  const told = rows.map((row) => {
    const { args, stdout, stderr, exitCode, failures } = row;
    const got = classifyFailure(`${stdout}\n${stderr}`, {
      source: "cli",
      exitCode,
      command: ["dagger", ...args],
    });
    const alike = failures.filter(
      ({ fault, counts }) => fault === got.fault && counts === got.counts,
    );
    const label = alike.find((one) => nameOf(one.upstream) === nameOf(got.upstream)) ?? alike[0];
    return { row, got, label };
  });
  const counted = told.filter(({ label }) => label?.counts && typeof label.upstream === "string");
  const named = counted.filter(
    ({ got, label }) => nameOf(got.upstream) === nameOf(label?.upstream),
  );
  expect(counted.length).toBeGreaterThan(100);
  expect(named.length / counted.length).toBeGreaterThanOrEqual(0.98);
  const wrong = told.filter(
    ({ got, label }) =>
      got.counts && got.upstream !== null && nameOf(got.upstream) !== nameOf(label?.upstream),
  );
  expect(wrong.map(({ row }) => `${row.engine} ${row.id}`)).toEqual([]);
});

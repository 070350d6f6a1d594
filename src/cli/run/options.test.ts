import { Command } from "commander";
import { expect, test } from "vitest";
import { addSettings } from "../settings.js";
import { OWN_SETTINGS, type OwnFlags, readOwnOptions } from "./options.js";

/** Returns the options that a command line sets. */
function optionsOf(line: string, env: Record<string, string> = {}, command = "dagger call test") {
  const flags = addSettings<OwnFlags>(new Command(), OWN_SETTINGS)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parse(line.split(" ").filter(Boolean), { from: "user" })
    .opts<OwnFlags>();
  const [program = "", ...args] = command.split(" ");
  return readOwnOptions(flags, env, program, args);
}

const ALL = {
  timeoutMs: 1_800_000,
  idleTimeoutMs: 600_000,
  lostSessionGraceMs: 30_000,
  stop: { graceMs: 20_000, outsideMs: undefined },
  maxRetries: 2,
  stdin: "replay",
  learnt: "enforce",
  json: true,
  output: "report.json",
  junit: "junit.xml",
};

test("without any option nothing is limited or repeated, and learned contacts cause warnings", () => {
  expect(optionsOf("")).toEqual({
    timeoutMs: undefined,
    idleTimeoutMs: undefined,
    lostSessionGraceMs: 60_000,
    stop: {},
    maxRetries: 0,
    stdin: "inherit",
    learnt: "warn",
    json: false,
    output: undefined,
    junit: undefined,
  });
});

test("reads every option", () => {
  const line =
    "--timeout 30m --idle-timeout 10m --lost-session-grace 30s --stop-grace 20s --kill-after 0 --retry 2 --stdin replay --learnt enforce --json --output report.json --junit junit.xml";
  expect(optionsOf(line)).toEqual(ALL);
});

test("every variable replaces its option, unless it is empty", () => {
  const env = {
    DAGGER_BREAKER_TIMEOUT: "30m",
    DAGGER_BREAKER_IDLE_TIMEOUT: "10m",
    DAGGER_BREAKER_LOST_SESSION_GRACE: "30s",
    DAGGER_BREAKER_STOP_GRACE: "20s",
    DAGGER_BREAKER_KILL_AFTER: "0s",
    DAGGER_BREAKER_RETRY: "2",
    DAGGER_BREAKER_IDEMPOTENT: "test, lint",
    DAGGER_BREAKER_STDIN: "replay",
    DAGGER_BREAKER_LEARNT: "enforce",
    DAGGER_BREAKER_JSON: "1",
    DAGGER_BREAKER_OUTPUT: "report.json",
    DAGGER_BREAKER_JUNIT: "junit.xml",
  };
  expect(optionsOf("", env)).toEqual(ALL);
  expect(optionsOf("--timeout 1h", env).timeoutMs).toBe(3_600_000);
  const empty = Object.fromEntries(Object.keys(env).map((name) => [name, " "]));
  expect(optionsOf("", empty)).toEqual(optionsOf(""));
});

test.each([
  ["DAGGER_BREAKER_TIMEOUT", "10", "a duration above 0"],
  ["DAGGER_BREAKER_IDLE_TIMEOUT", "0s", "a duration above 0"],
  ["DAGGER_BREAKER_RETRY", "-1", "a whole number from 0 to 100"],
  ["DAGGER_BREAKER_IDEMPOTENT", "--test", "names of functions or commands"],
  ["DAGGER_BREAKER_STDIN", "keep", "inherit or replay"],
  ["DAGGER_BREAKER_LEARNT", "yes", "off, warn or enforce"],
  ["DAGGER_BREAKER_JSON", "maybe", "yes, no, 1 or 0"],
])("rejects %s=%s and names what was expected", (variable, value, expected) => {
  expect(() => optionsOf("", { [variable]: value })).toThrow(
    `invalid ${variable} ${JSON.stringify(value)}: expected ${expected}`,
  );
});

test.each(["--timeout soon", "--retry 101", "--learnt on", "--idempotent ,"])(
  "rejects %s by the name of the option",
  (line) => {
    expect(() => optionsOf(line)).toThrow(`option '${line.split(" ")[0]} <`);
  },
);

test("a number of retries for all jobs applies only to the named commands", () => {
  const env = { DAGGER_BREAKER_RETRY: "2", DAGGER_BREAKER_IDEMPOTENT: "test,check" };
  expect(optionsOf("", env, "dagger call test --source .").maxRetries).toBe(2);
  expect(optionsOf("", env, "dagger check").maxRetries).toBe(2);
  expect(optionsOf("", env, "dagger call deploy").maxRetries).toBe(0);
  expect(optionsOf("", env, "dagger call --name test deploy").maxRetries).toBe(0);
  expect(optionsOf("", { DAGGER_BREAKER_RETRY: "2" }).maxRetries).toBe(0);
  const unlisted = optionsOf("", env, "dagger call deploy");
  expect(unlisted.whyNoRetries).toBe("the command is not in DAGGER_BREAKER_IDEMPOTENT");
  expect(optionsOf("", env, "dagger check").whyNoRetries).toBeUndefined();
  expect(optionsOf("", {}, "dagger check").whyNoRetries).toBeUndefined();
  expect(optionsOf("--idempotent deploy", env, "dagger call deploy").maxRetries).toBe(2);
});

test("a number of retries on a command line applies to its command", () => {
  const env = { DAGGER_BREAKER_IDEMPOTENT: "test" };
  expect(optionsOf("--retry 1", env, "dagger call deploy").maxRetries).toBe(1);
});

test("reads the delays before retries, and the first may not exceed the longest", () => {
  const env = {
    DAGGER_BREAKER_RETRY_DELAY: "500ms",
    DAGGER_BREAKER_RETRY_MAX_DELAY: "2m",
    DAGGER_BREAKER_QUIET: "1",
  };
  const read = { initialDelayMs: 500, maxDelayMs: 120_000, quiet: true };
  expect(readOwnOptions({}, env, "dagger", [])).toMatchObject(read);
  const long = { retryDelay: 120_000 };
  expect(() => readOwnOptions(long, {}, "dagger", [])).toThrow(
    "--retry-delay (2 min) must not exceed --retry-max-delay (1 min)",
  );
});

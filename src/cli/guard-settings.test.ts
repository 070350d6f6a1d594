import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { Guard } from "../guard/guard.js";
import {
  addGuardFlags,
  checkRateLimitOpen,
  connectTimeoutFrom,
  type GuardFlags,
  guardOptionsFrom,
  tracesFrom,
} from "./guard-settings.js";

function flagsOf(...argv: string[]): GuardFlags {
  const command = addGuardFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(argv, { from: "user" }).opts();
}

const ALL_BY_VARIABLES = {
  DAGGER_BREAKER_NEEDS: "registry:ghcr.io, git:github.com",
  DAGGER_BREAKER_OPERATION_TIMEOUT: "10m",
  DAGGER_BREAKER_CONNECT_TIMEOUT: "90s",
  DAGGER_BREAKER_WAIT: "1",
  DAGGER_BREAKER_MAX_WAIT: "2m",
  DAGGER_BREAKER_MIRRORS: "docker.io=one.example/hub docker.io=two.example,quay.io=one.example",
  DAGGER_BREAKER_PIN: "24h",
  DAGGER_BREAKER_TRACES: "off",
  DAGGER_BREAKER_RATE_LIMIT_OPEN: "500ms",
};

const ALL_BY_FLAGS = [
  ...["--needs", "registry:ghcr.io", "--needs", "git:github.com"],
  ...["--operation-timeout", "10m", "--connect-timeout", "90s", "--wait", "--max-wait", "2m"],
  ...["--mirrors", "docker.io=one.example/hub", "--mirrors", "docker.io=two.example"],
  ...["--mirrors", "quay.io=one.example", "--pin", "24h", "--traces", "off"],
  ...["--rate-limit-open", "500ms"],
];

const ALL = {
  needs: ["registry:ghcr.io", "git:github.com"],
  operationTimeoutMs: 600_000,
  onOpen: "wait",
  maxWaitMs: 120_000,
  mirrors: { "docker.io": ["one.example/hub", "two.example"], "quay.io": ["one.example"] },
  pin: { maxAgeMs: 86_400_000 },
  rateLimitOpenMs: 500,
};

describe.each([
  ["variables", {}, ALL_BY_VARIABLES],
  ["options", flagsOf(...ALL_BY_FLAGS), {}],
] as const)("all settings by %s", (_by, flags, env) => {
  test("match those of a guard", () => {
    expect(guardOptionsFrom(flags, env)).toEqual(ALL);
    expect(new Guard(guardOptionsFrom(flags, env)).settings.onOpen).toBe("wait");
    expect(connectTimeoutFrom(flags, env)).toBe(90_000);
    expect(tracesFrom(flags, env)).toBe("off");
  });
});

test("without any, a guard has its own defaults and reads traces", () => {
  const env = { DAGGER_BREAKER_NEEDS: "", DAGGER_BREAKER_PIN: " " };
  expect(guardOptionsFrom(flagsOf(), env)).toEqual({ onOpen: "reject" });
  expect(connectTimeoutFrom({}, env)).toBeUndefined();
  expect(tracesFrom({}, env)).toBe("auto");
});

test("an option takes precedence over the variable", () => {
  expect(guardOptionsFrom(flagsOf("--pin", "1h"), ALL_BY_VARIABLES).pin).toEqual({
    maxAgeMs: 3_600_000,
  });
});

test("a longest wait implies waiting, unless that is turned off", () => {
  expect(guardOptionsFrom(flagsOf("--max-wait", "1m"), {}).onOpen).toBe("wait");
  const refused = { DAGGER_BREAKER_MAX_WAIT: "1m", DAGGER_BREAKER_WAIT: "0" };
  expect(guardOptionsFrom({}, refused).onOpen).toBe("reject");
});

test.each([
  [
    "NEEDS",
    "docker.io",
    /invalid DAGGER_BREAKER_NEEDS "docker.io": expected registry:HOST, git:HOST/,
  ],
  ["NEEDS", "registry:registry-1.docker.io", /expected "registry:docker.io"/],
  ["OPERATION_TIMEOUT", "10", /OPERATION_TIMEOUT "10": .*such as 500ms/],
  ["WAIT", "maybe", /WAIT "maybe": expected yes, no, 1 or 0/],
  ["MIRRORS", "docker.io", /MIRRORS "docker.io": expected REGISTRY=MIRROR/],
  ["MIRRORS", "https://docker.io=a.example", /expected REGISTRY=MIRROR, .*without .*https:/],
  ["MIRRORS", "registry:docker.io=a.example", /expected REGISTRY=MIRROR, two hosts/],
  ["MIRRORS", "Docker.io=a.example", /expected HOST or HOST\/PATH in lower case/],
  ["TRACES", "some", /TRACES "some": expected auto, all or off/],
] as const)("rejects DAGGER_BREAKER_%s with the value %j", (name, text, message) => {
  const env = { [`DAGGER_BREAKER_${name}`]: text };
  const read = () => [guardOptionsFrom({}, env), tracesFrom({}, env)];
  expect(read).toThrow(message);
});

test("does not show credentials in a variable", () => {
  const env = { DAGGER_BREAKER_MIRRORS: "docker.io=me:hunter2@mirror.example" };
  expect(() => guardOptionsFrom({}, env)).toThrow(/^invalid DAGGER_BREAKER_MIRRORS: /);
  expect(() => guardOptionsFrom({}, env)).not.toThrow(/hunter2/);
});

test("names a wrong option", () => {
  expect(() => flagsOf("--needs", "docker.io")).toThrow(/--needs.*expected registry:HOST/);
});

test("rejects a time for rate limits without effect, with the reason", () => {
  const check = (rateLimitOpenMs?: number) => checkRateLimitOpen({ rateLimitOpenMs });
  for (const ms of [undefined, 60_000, 3_600_000]) expect(() => check(ms)).not.toThrow();
  expect(() => check(59_999)).toThrow(
    /--rate-limit-open .*stays open for at least 60s, the reset timeout.*60s to 1h/,
  );
  expect(() => check(3_600_001)).toThrow(/no circuit stays open for longer than 1h/);
});

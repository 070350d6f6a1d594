import { expect, test } from "vitest";
import type { Failure, Fault } from "../../attribution/failure.js";
import { paintFor } from "../terminal.js";
import { judge } from "./classification.js";
import { verdictLines } from "./render.js";

function failure(fault: Fault, more: Partial<Failure> = {}): Failure {
  return {
    fault,
    upstream: null,
    upstreamKind: null,
    counts: false,
    limited: false,
    transient: false,
    retryAfterMs: null,
    answered: false,
    suspectedUpstream: null,
    sessionLost: false,
    rule: `${fault}.rule`,
    reason: `Reason of ${fault}.`,
    ...more,
  };
}

const registryDown = failure("registry", {
  upstream: "registry-1.docker.io",
  upstreamKind: "registry",
  counts: true,
  transient: true,
});

test("no failure is exit code 0", () => {
  expect(judge([])).toEqual({ exitCode: 0, failure: null, failures: [] });
});

test("a user error wins over a registry's, because retrying cannot fix it", () => {
  const verdict = judge([registryDown, failure("user")]);
  expect(verdict).toMatchObject({ exitCode: 20, failure: { fault: "user" } });
  expect(verdict.failures).toHaveLength(2);
});

test("the first counted failure wins over others, and a known fault over an unknown one", () => {
  expect(judge([failure("cancelled"), registryDown]).exitCode).toBe(31);
  expect(judge([failure("unknown"), failure("cancelled")]).exitCode).toBe(21);
  expect(judge([failure("unknown")]).exitCode).toBe(40);
});

test("a failure is shown with its circuit", () => {
  const breakers = judge([registryDown, failure("engine"), failure("service")]).failures.map(
    ({ breaker }) => breaker,
  );
  expect(breakers).toEqual(["registry:docker.io", "engine", null]);
});

const paint = paintFor({ stdout: {}, env: {} } as never);
const rendered = (...failures: Failure[]) => verdictLines(judge(failures), paint).join("\n");

test("the text names the component at fault, the cause, and the meaning", () => {
  expect(rendered({ ...registryDown, limited: true, retryAfterMs: 90_000 })).toBe(
    [
      "A container registry failed. Reason of registry.",
      "  fault         registry",
      "  upstream      registry-1.docker.io",
      "  circuit       registry:docker.io",
      "  counts        yes: a circuit breaker counts it as a failure",
      "  transient     yes: a retry may succeed",
      "  rate limited  yes",
      "  retry after   1 min 30 s",
      "  rule          registry.rule",
    ].join("\n"),
  );
});

test("optional parts are shown only if they exist", () => {
  expect(rendered(failure("user", { suspectedUpstream: "pypi.org" }))).toMatch(
    / {2}suspected +pypi.org: the command's output names it/,
  );
  expect(rendered(failure("engine", { sessionLost: true }))).toMatch(
    /session +lost: connect again/,
  );
  expect(rendered(failure("registry", { answered: true }))).toMatch(/answered +yes/);
  expect(rendered(failure("user"))).not.toMatch(/suspected|session|answered/);
});

test("unknown facts are not claimed", () => {
  expect(rendered(failure("unknown"))).toMatch(/transient +not known/);
});

test("several failures are numbered", () => {
  expect(rendered(registryDown, failure("user"))).toMatch(/^1 of 2: A.+\n\n2 of 2: The pipeline/s);
  expect(rendered()).toBe("Nothing failed.");
});

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

test("one of the user's decides over a registry's, since no retry mends it", () => {
  const verdict = judge([registryDown, failure("user")]);
  expect(verdict).toMatchObject({ exitCode: 20, failure: { fault: "user" } });
  expect(verdict.failures).toHaveLength(2);
});

test("the first that counts decides over what does not, and a known fault over an unknown one", () => {
  expect(judge([failure("cancelled"), registryDown]).exitCode).toBe(31);
  expect(judge([failure("unknown"), failure("cancelled")]).exitCode).toBe(21);
  expect(judge([failure("unknown")]).exitCode).toBe(40);
});

test("a failure is told with the circuit that it belongs to", () => {
  const breakers = judge([registryDown, failure("engine"), failure("service")]).failures.map(
    ({ breaker }) => breaker,
  );
  expect(breakers).toEqual(["registry:docker.io", "engine", null]);
});

const paint = paintFor({ stdout: {}, env: {} } as never);
const rendered = (...failures: Failure[]) => verdictLines(judge(failures), paint).join("\n");

test("words tell who failed, why, and what it means", () => {
  expect(rendered({ ...registryDown, limited: true, retryAfterMs: 90_000 })).toBe(
    [
      "A container registry failed. Reason of registry.",
      "  fault         registry",
      "  upstream      registry-1.docker.io",
      "  circuit       registry:docker.io",
      "  counts        yes: a circuit breaker counts it as a failure",
      "  transient     yes: the same may work later",
      "  rate limited  yes",
      "  retry after   1 min 30 s",
      "  rule          registry.rule",
    ].join("\n"),
  );
});

test("what is there only at times is told only then", () => {
  expect(rendered(failure("user", { suspectedUpstream: "pypi.org" }))).toMatch(
    / {2}suspected +pypi.org: the command's output blames it/,
  );
  expect(rendered(failure("engine", { sessionLost: true }))).toMatch(/session +lost: only a new/);
  expect(rendered(failure("registry", { answered: true }))).toMatch(/answered +yes/);
  expect(rendered(failure("user"))).not.toMatch(/suspected|session|answered/);
});

test("nothing is claimed of what is not known", () => {
  expect(rendered(failure("unknown"))).toMatch(/transient +not known/);
});

test("several failures are numbered", () => {
  expect(rendered(registryDown, failure("user"))).toMatch(/^1 of 2: A.+\n\n2 of 2: The pipeline/s);
  expect(rendered()).toBe("Nothing failed.");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  attempt,
  failedRun,
  LIMITED,
  OWN_FAULT,
  rejectedRun,
  sampleRun,
} from "../../../tests/cli/run/sample-run.js";
import { parseXml, type XmlElement } from "../../../tests/cli/xml.js";
import type { RunReport } from "../../runner/report/run-report.js";
import { junitReport } from "./junit.js";

/** Returns the attributes of the suite, and the name of the result element of each case. */
function suiteOf(report: RunReport, program = "dagger") {
  const [suite] = parseXml(junitReport(report, program)).children as [XmlElement];
  const verdicts = suite.children.map(({ children: [verdict] }) => verdict?.name ?? "passed");
  return { suite, verdicts };
}

test("a successful run is a suite with one passed case", () => {
  const { suite, verdicts } = suiteOf(sampleRun());
  expect(suite.attributes).toEqual({
    name: "dagger-breaker run",
    tests: "1",
    failures: "0",
    errors: "0",
    skipped: "0",
    time: "2.000",
  });
  expect(verdicts).toEqual(["passed"]);
  expect(suite.children[0]?.attributes).toEqual({
    classname: "dagger-breaker",
    name: "dagger, attempt 1",
    time: "1.500",
  });
});

test("a failure of the pipeline itself is a failure, one of its dependencies an error", () => {
  expect(suiteOf(failedRun(OWN_FAULT)).verdicts).toEqual(["failure"]);
  const { suite, verdicts } = suiteOf(failedRun(LIMITED));
  expect(verdicts).toEqual(["error"]);
  expect(suite.attributes).toMatchObject({ failures: "0", errors: "1" });
  const words =
    "registry registry-1.docker.io: the registry limits the rate of requests, retry in 1 min";
  expect(suite.children[0]?.children[0]).toEqual({
    name: "error",
    attributes: { type: "registry", message: words },
    children: [],
    text: words,
  });
});

test("a failure has its circuit in a property, and whether it was counted there", () => {
  const propertiesOf = (report: RunReport) => {
    const [, properties] = suiteOf(report).suite.children.at(-1)?.children ?? [];
    return properties?.children.map(({ attributes: { name, value } }) => [name, value]);
  };
  expect(propertiesOf(failedRun({ ...LIMITED, breaker: null }))).toEqual([
    ["circuit", "registry:docker.io"],
    ["circuit-counted", "false"],
  ]);
  expect(propertiesOf(rejectedRun())).toEqual([["circuit", "registry:docker.io"]]);
  expect(propertiesOf(failedRun(OWN_FAULT))).toBeUndefined();
});

test("retried attempts do not make a run red that succeeded at the end", () => {
  const attempts = [attempt({ exitCode: 1, failure: LIMITED }), attempt()];
  const { suite, verdicts } = suiteOf(sampleRun({ attempts }));
  expect(verdicts).toEqual(["skipped", "passed"]);
  expect(suite.attributes).toMatchObject({ tests: "2", errors: "0", skipped: "1" });
});

test("a rejection is an error of the attempt that was not made", () => {
  const { suite, verdicts } = suiteOf(rejectedRun());
  expect(verdicts).toEqual(["error"]);
  expect(suite.children[0]?.children[0]?.attributes.type).toBe("rejected");
  const attempts = [attempt({ exitCode: 1, failure: LIMITED })];
  const second = suiteOf(rejectedRun({ attempts }));
  expect(second.verdicts).toEqual(["skipped", "error"]);
  expect(second.suite.children.map(({ attributes }) => attributes.name)).toEqual([
    "dagger, attempt 1",
    "dagger, attempt 2",
  ]);
});

test("a run that was ended is an error", () => {
  const attempts = [attempt({ exitCode: 124, timedOut: "idle" })];
  expect(suiteOf(sampleRun({ outcome: "timed-out", exitCode: 124, attempts })).verdicts).toEqual([
    "error",
  ]);
});

test("any text makes well-formed XML, and is read back unchanged except for characters that XML cannot contain", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "grapheme" }),
      (program, reason) => {
        const { suite } = suiteOf(failedRun({ ...OWN_FAULT, upstream: reason }), program);
        expect(suite.children).toHaveLength(1);
      },
    ),
  );
  const name = "a<b>&\"'\t\n\r\u0000\u001b[31m\ud800\uffff🚢";
  expect(suiteOf(sampleRun(), name).suite.children[0]?.attributes.name).toBe(
    "a<b>&\"'\t\n\r\ufffd\ufffd[31m\ufffd\ufffd🚢, attempt 1",
  );
});

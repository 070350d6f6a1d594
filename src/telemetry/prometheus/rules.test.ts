import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { problemsOf } from "../../../tests/prometheus/promql-grammar.js";
import { where } from "./promql.js";
import { ALERT_RULES } from "./rules.js";

test.each(ALERT_RULES)("the query of $alert is PromQL of Prometheus 3", ({ expr }) => {
  expect(problemsOf(expr(where.is("job", 'a "quoted\\" job')))).toEqual([]);
});

test("a query that Prometheus 3 cannot read is found", () => {
  expect(problemsOf("max by (job) (up")).not.toEqual([]);
  expect(problemsOf("up unless on up")).not.toEqual([]);
});

test("every alert has its section in the runbook, and every section its alert", () => {
  const page = readFileSync(new URL("../../../docs/runbook.md", import.meta.url), "utf8");
  const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading = ""]) => heading);
  const anchors = headings.map((heading) => heading.toLowerCase().replaceAll(" ", "-"));
  expect(ALERT_RULES.map(({ section }) => section)).toEqual(anchors);
});

test("no query sums circuits, which several servers of one store report alike", () => {
  const job = where.is("job", "a");
  expect(ALERT_RULES.filter(({ expr }) => /\b(sum|count|avg)\b/.test(expr(job)))).toEqual([]);
});

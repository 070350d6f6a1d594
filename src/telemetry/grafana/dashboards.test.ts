import { expect, test } from "vitest";
import { problemsOf } from "../../../tests/prometheus/promql-grammar.js";
import { CIRCUIT_DASHBOARD } from "./circuit.js";
import { dashboardOf } from "./dashboard.js";
import { FLEET_DASHBOARD } from "./fleet.js";

const DASHBOARDS = [FLEET_DASHBOARD, CIRCUIT_DASHBOARD];
const queries = DASHBOARDS.flatMap(({ panels }) =>
  panels.flatMap((panel) => panel.queries.map(({ expr }) => ({ title: panel.title, expr }))),
);

test.each(queries)("the query of the panel $title is PromQL of Prometheus 3", ({ expr }) => {
  const query = expr.replaceAll(/\[\$__\w+\]/g, "[5m]");
  expect(problemsOf(query)).toEqual([]);
});

test("no query sums what several servers of one store report alike", () => {
  const sums = queries.filter(({ expr }) => /\b(sum|count|avg)\b/.test(expr));
  expect(sums.length).toBeGreaterThan(0);
  for (const { expr } of sums) {
    const outer = expr.match(/\b(?:sum|count|avg)\b[^(]*(?:\([\w, ]+\) )?\((?:max by)?/g) ?? [];
    expect(outer.every((start) => start.endsWith("(max by"))).toBe(true);
  }
});

test.each(DASHBOARDS)(
  "the panels of $title have types that Grafana develops, and do not overlap",
  (one) => {
    const { panels, templating } = dashboardOf(one);
    const current = ["timeseries", "stat", "table", "state-timeline", "bargauge"];
    expect(panels.filter(({ type }) => !current.includes(type))).toEqual([]);
    const cells = panels.flatMap(({ gridPos: { x, y, w } }) =>
      Array.from({ length: w }, (_, column) => `${x + column},${y}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(templating.list.slice(0, 2).map(({ name }) => name)).toEqual(["datasource", "job"]);
  },
);

test.each(DASHBOARDS)("every variable that $title uses is one that it has", (one) => {
  const known = dashboardOf(one).templating.list.map(({ name }) => name);
  const used = [...JSON.stringify(dashboardOf(one)).matchAll(/\$(\w+)/g)].map(
    ([, name = ""]) => name,
  );
  const own = used.filter((name) => !name.startsWith("__"));
  expect(own.length).toBeGreaterThan(10);
  expect(own.filter((name) => !known.includes(name))).toEqual([]);
});

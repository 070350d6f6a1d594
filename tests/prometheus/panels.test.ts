/** Tests queries of dashboards in a real promtool, where several processes export circuits. */

import { expect, test } from "vitest";
import { stateNumber, totalGain } from "../../src/telemetry/grafana/queries.js";
import { NAME, OUTCOME, SCOPE, STATE } from "../../src/telemetry/metrics/instruments.js";
import { STATES, type StateName } from "../../src/telemetry/metrics/point.js";
import { labelOf } from "../../src/telemetry/metrics/prometheus-text.js";
import { where } from "../../src/telemetry/prometheus/promql.js";
import { promtool } from "./promtool.js";

const CIRCUIT = { job: "api", [labelOf(NAME)]: "payments" };
const OWN = "dagger_breaker_circuit";
const SHARED = "dagger_breaker_shared_circuit";
const SCOPE_LABEL = { [labelOf(SCOPE)]: "egress" };

function seriesOf(name: string, labels: Readonly<Record<string, string>>): string {
  const texts = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${name}{${texts.join(", ")}}`;
}

/** Returns the four status series of a circuit in one process. */
function statusOf(instance: string, state: StateName, name = OWN, more = {}) {
  return STATES.map((one) => ({
    series: seriesOf(`${name}_status`, { ...CIRCUIT, ...more, instance, [labelOf(STATE)]: one }),
    values: one === state ? "1x10" : "0x10",
  }));
}

function rejectionsOf(instance: string, name = OWN, more = {}) {
  const labels = { ...CIRCUIT, ...more, instance, [labelOf(OUTCOME)]: "rejected" };
  return { series: seriesOf(`${name}_calls_total`, labels), values: "0+10x10" };
}

/** Evaluates a query at the end of ten minutes. */
async function evaluated(
  input_series: readonly object[],
  expr: string,
  labels: Readonly<Record<string, string>>,
  value: number,
): Promise<string> {
  const exp_samples = [{ labels: seriesOf("", labels), value }];
  const promql_expr_test = [{ expr, eval_time: "10m", exp_samples }];
  const tests = [{ interval: "1m", input_series, promql_expr_test }];
  const files = { "test.yml": JSON.stringify({ tests }) };
  const { output } = await promtool(["test", "rules", "test.yml"], files);
  return output.slice(0, 2000);
}

test.each<[StateName, StateName, number]>([
  ["half_open", "open", 2],
  ["closed", "half_open", 1],
  ["open", "isolated", 3],
  ["closed", "closed", 0],
])("of a %s and a %s breaker of the same name, a panel shows state %i", async (a, b, state) => {
  const series = [...statusOf("a", a), ...statusOf("b", b)];
  const query = stateNumber([where.is("job", "api")]);
  expect(await evaluated(series, query, CIRCUIT, state)).toMatch(/SUCCESS/);
});

test("two servers of one store that are scraped before and after a change do not show an isolation", async () => {
  const series = ["open", "half_open"].flatMap((state, index) =>
    statusOf(`${index}`, state as StateName, SHARED, SCOPE_LABEL),
  );
  const query = stateNumber([where.is("job", "api")]);
  expect(await evaluated(series, query, { ...CIRCUIT, ...SCOPE_LABEL }, 2)).toMatch(/SUCCESS/);
});

test("rejections of several processes are added up", async () => {
  const series = ["a", "b", "c"].map((instance) => rejectionsOf(instance));
  const query = totalGain("calls", [where.is("job", "api")], "5m");
  expect(await evaluated(series, query, CIRCUIT, 150)).toMatch(/SUCCESS/);
});

test("rejections of a shared circuit count once, however many servers report them", async () => {
  const series = ["a", "b"].map((instance) => rejectionsOf(instance, SHARED, SCOPE_LABEL));
  const query = totalGain("calls", [where.is("job", "api")], "5m");
  expect(await evaluated(series, query, { ...CIRCUIT, ...SCOPE_LABEL }, 50)).toMatch(/SUCCESS/);
});

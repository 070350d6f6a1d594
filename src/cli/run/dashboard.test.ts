import { expect, test } from "vitest";
import { dashboardFrom } from "./dashboard.js";

const from = (url?: string) => dashboardFrom({ DAGGER_BREAKER_DASHBOARD_URL: url });

test("the address of the dashboard is taken from its variable, without what could end a link", () => {
  expect(from()).toBeUndefined();
  expect(from(" ")).toBeUndefined();
  expect(from(" https://grafana.example/d/breaker?var-scope=a\n")).toBe(
    "https://grafana.example/d/breaker?var-scope=a",
  );
  expect(from("http://grafana.example/a b>)")).toBe("http://grafana.example/a%20b%3E)");
});

test.each([
  "grafana.example/d/breaker",
  "javascript:alert(1)",
  "https://u:hunter2@grafana.example/d",
  `https://grafana.example/${"d".repeat(2000)}`,
])("rejects %s, with the variable and what was expected", (url) => {
  const read = () => from(url);
  expect(read).toThrow(
    /^invalid DAGGER_BREAKER_DASHBOARD_URL ".+: expected https:\/\/HOST\/PATH of at most 2000 characters/,
  );
  expect(read).not.toThrow(/hunter2/);
});

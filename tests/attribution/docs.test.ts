import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FALLBACK_RULES } from "../../src/attribution/rules/fallback.js";
import { ATTRIBUTION_RULES } from "../../src/attribution/rules/index.js";

const SCRIPT = new URL("../../scripts/write-attribution-docs.mjs", import.meta.url);
const page = readFileSync(new URL("../../docs/attribution.md", import.meta.url), "utf8");

test("the page on attribution holds the table of the rules as they are: else run scripts/write-attribution-docs.mjs", async () => {
  const { pageWithRules, withoutPadding } = await import(SCRIPT.href);
  const written = pageWithRules(page, ATTRIBUTION_RULES, FALLBACK_RULES);
  expect(withoutPadding(page)).toBe(withoutPadding(written));
});

test("the table would show a rule that is not on the page, and a page without its markers is refused", async () => {
  const { pageWithRules } = await import(SCRIPT.href);
  const [first] = ATTRIBUTION_RULES;
  const changed = pageWithRules(page, [{ ...first, name: "new.rule" }], FALLBACK_RULES);
  expect(changed).toContain("| `new.rule` |");
  expect(changed).not.toContain("| `registry.limited` |");
  expect(() => pageWithRules("# Page", ATTRIBUTION_RULES, FALLBACK_RULES)).toThrow(/lacks/);
});

test("the page names every field of a classification", () => {
  for (const field of [
    "fault",
    "upstream",
    "upstreamKind",
    "counts",
    "limited",
    "transient",
    "retryAfterMs",
    "answered",
    "suspectedUpstream",
    "sessionLost",
    "rule",
    "reason",
  ]) {
    expect(page).toMatch(new RegExp(`^\\| \`${field}\` +\\|`, "m"));
  }
});

import { expect, test } from "vitest";
import { classifyFailure } from "../classify/classify-failure.js";
import { classifyResponse } from "../classify/classify-response.js";
import type { Failure } from "../failure.js";
import { FALLBACK_RULES } from "./fallback.js";
import { ATTRIBUTION_RULES } from "./index.js";
import type { AttributionRule, Example } from "./rule.js";

const ALL = [...ATTRIBUTION_RULES, ...FALLBACK_RULES];

function classify(example: Example): Failure | undefined {
  if (typeof example === "string") return classifyFailure(example);
  if ("answer" in example) return classifyResponse(example.answer)[0];
  return classifyFailure(example.text, example.context);
}

const examples = ALL.flatMap((rule) =>
  rule.examples.map((example): [string, Example, AttributionRule] => [rule.name, example, rule]),
);

test.each(examples)("%s decides its own example: %j", (name, example, rule) => {
  const failure = classify(example);
  expect(failure?.rule).toBe(name);
  expect(failure).toMatchObject({ fault: rule.fault, counts: rule.counts, reason: rule.reason });
});

test("every rule has an example, a reason, a place where it was seen, and a unique name", () => {
  for (const rule of ALL) {
    expect(rule.examples.length, rule.name).toBeGreaterThan(0);
    expect(rule.reason, rule.name).toMatch(/^[A-Z].*\.$/);
    expect(rule.seen, rule.name).not.toBe("");
  }
  expect(new Set(ALL.map((rule) => rule.name)).size).toBe(ALL.length);
});

test("no rule lets a fault of the user or a cancellation count", () => {
  for (const rule of ALL) {
    if (rule.fault === "user" || rule.fault === "cancelled" || rule.fault === "unknown") {
      expect(rule.counts, rule.name).toBe(false);
    }
  }
});

test("words of a rule are in lower case, like the text they are searched in", () => {
  for (const rule of ALL) {
    const conditions = Array.isArray(rule.when) ? rule.when : [rule.when];
    for (const condition of conditions) {
      if (typeof condition === "function") continue;
      for (const word of [
        ...(condition.any ?? []),
        ...(condition.all ?? []),
        ...(condition.none ?? []),
      ]) {
        expect(word, rule.name).toBe(word.toLowerCase());
      }
    }
  }
});

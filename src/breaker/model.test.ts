/** Compares the breaker with a plain model of its rules, over random schedules. */

import fc from "fast-check";
import { test } from "vitest";
import { Comparison } from "../../tests/breaker/comparison.js";
import { command, limits, rules } from "../../tests/breaker/schedules.js";

const schedule = fc.array(command, { maxLength: 60, size: "max" });

test.each(Object.entries(rules))(
  "%s: the breaker behaves as the model does",
  async (_name, rule) => {
    const schedules = fc.asyncProperty(
      rule,
      limits,
      fc.boolean(),
      schedule,
      (trip, rest, listens, commands) => new Comparison({ trip, ...rest }, listens).run(commands),
    );
    await fc.assert(schedules, { numRuns: 400 });
  },
);

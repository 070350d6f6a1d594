/** Tests the outcomes that the judge decides for requests, commands and connects, one fact at a time. */

import { describe, expect, test } from "vitest";
import type { Call } from "./judgement/facts.js";
import { judgeCall } from "./judgement/judged-calls.js";
import type { Row } from "./judgement/row.js";
import { OF_SUCCESS, OF_THE_ENGINE } from "./judgement/table-of-engines.js";
import { OF_EXCHANGES } from "./judgement/table-of-exchanges.js";
import { OF_HOSTS } from "./judgement/table-of-hosts.js";
import { OF_LIMITS } from "./judgement/table-of-limits.js";
import { OF_COMMANDS, OF_ERRORS } from "./judgement/table-of-one.js";

const TABLE: Readonly<Record<string, readonly Row[]>> = {
  "the engine": OF_THE_ENGINE,
  success: OF_SUCCESS,
  hosts: OF_HOSTS,
  "exchanges that spans show": OF_EXCHANGES,
  "limits and the caller": OF_LIMITS,
  "errors instead of answers": OF_ERRORS,
  "words of commands": OF_COMMANDS,
};

function outcomesOf(text: string): Record<string, string> {
  const pairs = text.split("; ").map((part) => /^(.+): (.+)$/.exec(part)?.slice(1) ?? []);
  return Object.fromEntries(pairs);
}

describe.each(Object.entries(TABLE))("judged by %s", (_of, rows) => {
  const cases = rows.flatMap((row) =>
    Object.entries(row.expected).map(([call, outcomes]) => ({ ...row, call, outcomes })),
  );
  test.each(cases)("$call: $title", async ({ facts, call, outcomes }) => {
    expect(await judgeCall(call as Call, facts)).toEqual(outcomesOf(outcomes));
  });
});

test("a row explains why its calls differ, and only then", () => {
  for (const { title, expected, differs } of Object.values(TABLE).flat()) {
    // A connect has no upstreams, so only its outcome for the engine is compared.
    const { connect, ...others } = expected;
    const isApart = new Set(Object.values(others)).size > 1;
    const engines = new Set(Object.values(expected).map((text) => outcomesOf(text).engine));
    expect([title, isApart || engines.size > 1]).toEqual([title, differs !== undefined]);
  }
});

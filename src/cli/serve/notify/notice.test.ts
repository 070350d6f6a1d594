import { expect, test } from "vitest";
import { POLICY } from "../../../../tests/fleet/commands.js";
import type { FleetCommand } from "../../../fleet/rules/command.js";
import { reduce } from "../../../fleet/rules/reduce.js";
import type { FleetState } from "../../../fleet/rules/state.js";
import { type Notice, noticeOf, slackText } from "./notice.js";

const KEY = { scope: "egress", name: "registry:docker.io" };
const reporter = { id: "a", host: "runner-7", run: "https://ci.example/runs/7" };
const admit = { kind: "admit", policy: POLICY, count: 1, lease: "l", chance: 0 } as const;
const none = { openNow: false, retryAfterMs: 0, chance: 0, leases: [], policy: POLICY } as const;
const limited = { fault: "registry", rule: "registry.limited", limited: true };
const failed = {
  kind: "settle",
  successes: 0,
  failures: 1,
  failure: limited,
  reporter,
  ...none,
} as const;
const owner = "ada@ops-1";
const isolate = { kind: "isolate", reason: "maintenance", owner, expiresInMs: 3_600_000 } as const;
const manual = { reason: "it is back", owner } as const;

/**
 * Runs commands on one circuit with the real rules. Each command comes `afterS` seconds after the
 * one before.
 */
function noticesOf(
  ...steps: readonly (readonly [afterS: number, command: FleetCommand])[]
): Notice[] {
  let state: FleetState | undefined;
  let nowMicros = 1_700_000_000_000_000;
  const notices: Notice[] = [];
  for (const [afterS, command] of steps) {
    nowMicros += afterS * 1_000_000;
    // The outcome of a probe must have the generation of its admission.
    const generation = state?.phase.kind === "half-open" ? state.generation : null;
    const given = command.kind === "settle" ? { ...command, generation } : command;
    const reduction = reduce(state, given, nowMicros);
    state = reduction.state;
    notices.push(...reduction.reply.changes.flatMap((change) => noticeOf(KEY, change) ?? []));
  }
  return notices;
}

const settle = (parts: object): FleetCommand => ({ ...failed, generation: null, ...parts });
const opened = settle({ openNow: true });

test("an outage sends one message when it begins and one when it ends, and none for failed probes", () => {
  const notices = noticesOf(
    [0, opened],
    [60, admit],
    [1, settle({})],
    [60, admit],
    [1, settle({})],
    [60, admit],
    [1, settle({ successes: 1, failures: 0, failure: null })],
  );
  expect(notices.map(({ event, text }) => [event, text])).toEqual([
    [
      "opened",
      "Circuit registry:docker.io opened (scope egress): rate limit (registry.limited), by runner-7, https://ci.example/runs/7, next probe in 1 min.",
    ],
    [
      "closed",
      "Circuit registry:docker.io closed (scope egress), by runner-7, https://ci.example/runs/7.",
    ],
  ]);
  expect(notices[0]).toMatchObject({
    id: expect.stringMatching(/^change_[0-9a-f]{32}$/),
    at: "2023-11-14T22:13:20.000Z",
    reason: "opened-at-once",
    from: "closed",
    to: "open",
    forMs: 60_000,
    failure: limited,
    by: { host: "runner-7", run: "https://ci.example/runs/7" },
    owner: null,
    note: null,
  });
  expect(JSON.stringify(notices)).not.toContain('"id":"a"');
});

test.each<[string, readonly (readonly [number, FleetCommand])[], readonly string[]]>([
  [
    "isolated and released",
    [
      [0, isolate],
      [9, { kind: "release", ...manual }],
    ],
    ["isolated", "released"],
  ],
  [
    "isolated again",
    [
      [0, isolate],
      [9, isolate],
    ],
    ["isolated", "isolated"],
  ],
  [
    "isolated until it is over",
    [
      [0, isolate],
      [3601, admit],
    ],
    ["isolated", "isolation-over"],
  ],
  [
    "open and released",
    [
      [0, opened],
      [9, { kind: "release", ...manual }],
    ],
    ["opened", "released"],
  ],
  [
    "open and reset",
    [
      [0, opened],
      [9, { kind: "reset", ...manual }],
    ],
    ["opened", "closed"],
  ],
  [
    "closed and reset",
    [
      [0, settle({})],
      [9, { kind: "reset", ...manual }],
    ],
    [],
  ],
  [
    "isolated and reset",
    [
      [0, isolate],
      [9, { kind: "reset", ...manual }],
    ],
    ["isolated"],
  ],
])("a circuit that is %s sends a message for each", (_, steps, events) => {
  expect(noticesOf(...steps).map(({ event }) => event)).toEqual(events);
});

test("messages by hand have the person and the reason", () => {
  const texts = noticesOf([0, isolate], [9, { kind: "release", ...manual }]).map(
    ({ text }) => text,
  );
  expect(texts).toEqual([
    "Circuit registry:docker.io was isolated (scope egress): maintenance, by ada@ops-1, for 1 h.",
    "Circuit registry:docker.io was released (scope egress): it is back, by ada@ops-1.",
  ]);
});

test("the same change has the same id on each server, and another change another one", () => {
  const [one, other] = noticesOf([0, isolate], [9, isolate]);
  const [again] = noticesOf([0, isolate]);
  expect(again?.id).toBe(one?.id);
  expect(other?.id).not.toBe(one?.id);
});

test("a name or a reason from another process makes no mention, no link and no further line", () => {
  const evil = {
    ...isolate,
    reason: "<!channel> & <https://evil.example|here>\n@here @ALL",
    owner: "@channel",
  };
  const [notice] = noticesOf([0, evil]);
  expect(notice?.text).toBe(
    "Circuit registry:docker.io was isolated (scope egress): &lt;!channel&gt; &amp; &lt;https://evil.example|here&gt; @\u200bhere @\u200bALL, by @\u200bchannel, for 1 h.",
  );
  expect(slackText("ada@ops-1 @alice")).toBe("ada@ops-1 @alice");
});

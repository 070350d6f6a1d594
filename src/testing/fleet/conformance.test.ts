import { AssertionError } from "node:assert";
import { describe, expect, test } from "vitest";
import { memoryStore } from "../../fleet/memory/memory-store.js";
import type { FleetCommand } from "../../fleet/rules/command.js";
import type { FleetReply } from "../../fleet/rules/reply.js";
import type { FleetStore } from "../../fleet/store.js";
import { fleetStoreConformance } from "./conformance.js";

/** Stores that each break one rule. `title` matches the case that must detect the flaw. */
const FLAWS: Record<string, [title: RegExp, flaw: (store: FleetStore) => Partial<FleetStore>]> = {
  "admits every call": [
    /many calls at once get exactly as many probes as/,
    answers(() => ({ admitted: 1, refusal: null })),
  ],
  "rounds generations as a script does": [
    /generation is the time in microseconds/,
    answers(({ snapshot }) => ({
      snapshot: { ...snapshot, generation: Number(snapshot.generation.toPrecision(5)) + 0.5 },
    })),
  ],
  "counts late outcomes": [
    /older generation changes nothing/,
    answers(({ counted, late }) => ({ counted: counted + late, late: 0 })),
  ],
  "loses one command in a hundred": [/^none of 300 commands at the same time is lost$/, loses(100)],
  "ends reset timeouts on a read": [
    /stays open after its reset timeout/,
    answers(({ snapshot }, { kind }) =>
      kind === "read" && snapshot.state === "open" && snapshot.retryAfterMs === 0
        ? { snapshot: { ...snapshot, state: "half-open" } }
        : {},
    ),
  ],
  "splits names at a slash": [
    /names and scopes are separate/,
    (store) => ({
      run: ({ scope, name }, command) =>
        store.run({ scope, name: name.split("/").at(-1) ?? name }, command),
    }),
  ],
  "keeps ten changes": [
    /history contains the last 100/,
    (store) => ({ history: async (key) => (await store.history(key)).slice(-10) }),
  ],
  "loses non-ASCII text": [
    /reports reason, owner and remaining time/,
    (store) => ({
      run: (key, command) =>
        store.run(
          key,
          command.kind === "isolate"
            ? { ...command, reason: command.reason.replaceAll(/\P{ASCII}/gu, "?") }
            : command,
        ),
    }),
  ],
  "continues after its end": [/closed store rejects every/, () => ({ close: async () => {} })],
  "reports other scopes": [
    /only the changes of its scope/,
    (store) => ({
      subscribe: (scope, listener) => {
        const stops = [scope, `${scope}/other`].map((one) => store.subscribe(one, listener));
        return () => {
          for (const stop of stops) stop();
        };
      },
    }),
  ],
};

describe.each(Object.entries(FLAWS))("a store that %s", (_name, [title, flaw]) => {
  test(`is detected by the case ${title}`, async () => {
    const open = () => {
      const store = memoryStore();
      const passes: FleetStore = {
        kind: store.kind,
        minimumReporters: store.minimumReporters,
        pushes: store.pushes,
        open: () => store.open(),
        run: (key, command) => store.run(key, command),
        list: (scope) => store.list(scope),
        history: (key) => store.history(key),
        subscribe: (scope, listener) => store.subscribe(scope, listener),
        close: () => store.close(),
      };
      return { ...passes, ...flaw(store) };
    };
    const cases = fleetStoreConformance({ open, shared: false });
    const found = cases.find((one) => title.test(one.title));
    await expect(found?.run()).rejects.toThrow(AssertionError);
  });
});

test("titles are unique, and cases with two stores are left out if stores share no circuits", () => {
  const all = fleetStoreConformance({ open: () => memoryStore() }).map(({ title }) => title);
  const alone = fleetStoreConformance({ open: () => memoryStore(), shared: false });
  expect(new Set(all).size).toBe(all.length);
  expect(alone.length).toBeLessThan(all.length);
  expect(all).toEqual(expect.arrayContaining(alone.map(({ title }) => title)));
});

test.each([
  [{}, 'option "open" is undefined, expected a function'],
  [{ open: 5 }, 'option "open" is 5, expected a function'],
  [{ open: memoryStore, shared: 1 }, 'option "shared" is 1, expected true or false'],
  [{ open: memoryStore, twice: true }, 'option "twice" is not known'],
])("rejects the options %o", (options, message) => {
  const make = () => fleetStoreConformance(options as Parameters<typeof fleetStoreConformance>[0]);
  expect(make).toThrow(message);
});

/** Changes the replies of a store. */
function answers(change: (reply: FleetReply, command: FleetCommand) => Partial<FleetReply>) {
  return (store: FleetStore): Partial<FleetStore> => ({
    run: async (key, command) => {
      const reply = await store.run(key, command);
      return { ...reply, ...change(reply, command) };
    },
  });
}

/** Drops one of every `oneIn` commands, but replies as if it had applied the command. */
function loses(oneIn: number) {
  return (store: FleetStore): Partial<FleetStore> => {
    let commands = 0;
    return {
      run: async (key, command) => {
        commands += 1;
        const reply = await store.run(key, commands % oneIn === 0 ? { kind: "read" } : command);
        return { ...reply, counted: command.kind === "settle" ? 3 : 0 };
      },
    };
  };
}

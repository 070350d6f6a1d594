/** Tests how long a circuit stays open, and how it behaves while open. */

import assert from "node:assert/strict";
import type { RuleCase } from "./case.js";
import { type Circuit, FAILURE, RATE_LIMIT, REPORTER, timeless } from "./circuit.js";

export const openCases: readonly RuleCase[] = [
  {
    title:
      "a failure with the flag to open at once opens the circuit, and the change contains its reporter and kind",
    async check(setting) {
      const run = "https://ci.example/run?id=7&name=größer";
      const reporter = { id: "Reporter_9-z", host: "läufer-9 \u{1f6d1}", run };
      const circuit = setting.circuit();
      const { snapshot: before } = await circuit.admit();
      const { counted, changes, snapshot } = await circuit.limit({ reporter });
      assert.equal(counted, 1);
      const failure = { ...RATE_LIMIT, reporter };
      const { atMs, generation, ...change } = changes[0] ?? assert.fail("nothing changed");
      const opened = { from: "closed", to: "open", forMs: 600_000, owner: null, note: null };
      assert.deepEqual(change, { reason: "opened-at-once", by: reporter, failure, ...opened });
      assert.equal(changes.length, 1);
      assert.ok(Number.isSafeInteger(atMs));
      assert.ok(generation > before.generation);
      const stands = { state: "open", openings: 1, failure, generation, badSeconds: 0, probes: 0 };
      assert.deepEqual(snapshot, { ...snapshot, ...stands, ageMs: 0, retryAfterMs: 600_000 });
      const after = await circuit.admit();
      assert.deepEqual([after.admitted, after.refusal, after.changes], [0, "open", []]);
      assert.ok(after.snapshot.retryAfterMs > 0 && after.snapshot.retryAfterMs <= 600_000);
      assert.deepEqual(timeless(after.snapshot), timeless(snapshot));
    },
  },
  {
    title: "a success with the flag to open at once opens nothing",
    async check(setting) {
      const told = await setting.circuit().settle(null, { successes: 1, openNow: true });
      assert.deepEqual([told.counted, told.changes], [1, []]);
    },
  },
  {
    title: "every change increases the generation, also within a microsecond",
    async check(setting) {
      const circuit = setting.circuit();
      const replies = await Promise.all(Array.from({ length: 50 }, () => circuit.reset()));
      const begun = replies.flatMap(({ changes }) => changes.map(({ generation }) => generation));
      assert.equal(new Set(begun).size, 50);
      assert.ok(begun.every((generation) => Number.isSafeInteger(generation)));
      const kept = (await circuit.history()).map(({ generation }) => generation);
      assert.deepEqual(
        kept,
        begun.sort((one, other) => one - other),
      );
    },
  },
  {
    title: "an outcome of an older generation changes nothing, and is counted as late",
    async check(setting) {
      const circuit = setting.circuit();
      const { generation } = (await circuit.admit({ count: 3 })).snapshot;
      const { snapshot: opened } = await circuit.limit();
      const settled = { successes: 1, failures: 2, failure: FAILURE, openNow: true };
      const late = await circuit.settle(generation, { ...settled, retryAfterMs: 900_000 });
      assert.deepEqual([late.counted, late.late, late.changes], [0, 3, []]);
      const counts = { ...opened.counts, late: 3 };
      assert.deepEqual(timeless(late.snapshot), { ...timeless(opened), counts });
      // The open circuit admitted no calls, so these reports cannot be true. A store must ignore them.
      for (const told of [null, opened.generation]) {
        const untrue = await circuit.settle(told, { successes: 1 });
        assert.deepEqual([untrue.counted, untrue.late], [0, 1]);
      }
    },
  },
  {
    title: "a requested delay is respected, and remembered until the circuit opens",
    async check(setting) {
      const policy = { resetTimeoutMs: 1000 };
      const asked = await setting.circuit(policy).limit({ retryAfterMs: 1_800_000.25 });
      assert.equal(asked.changes[0]?.forMs, 1_800_001);
      const capped = await setting.circuit(policy).limit({ retryAfterMs: 1e12 });
      assert.equal(capped.changes[0]?.forMs, 3_600_000);
      const circuit = setting.circuit(policy);
      await circuit.settle(null, { failures: 1, retryAfterMs: 1_800_000 });
      const forMs = (await circuit.limit()).changes[0]?.forMs ?? 0;
      assert.ok(forMs > 1_000_000 && forMs <= 1_800_000, `opened for ${forMs} ms`);
    },
  },
  {
    title: "a reset timeout is a whole number of milliseconds, with jitter and a cap",
    async check(setting) {
      const jittered = { resetTimeoutMs: 1000.5, openTimeJitter: 0.5 };
      const { changes } = await setting.circuit(jittered).limit({ chance: 0.25 });
      assert.equal(changes[0]?.forMs, Math.ceil(1000.5 * 1.125));
      const least = await setting.circuit(jittered).limit({ chance: 0 });
      assert.equal(least.changes[0]?.forMs, 1001);
      const capped = setting.circuit({ ...jittered, maxOpenMs: 1200.5 });
      assert.equal((await capped.limit({ chance: 1 })).changes[0]?.forMs, 1201);
    },
  },
  {
    title: "the reset timeout grows with each failed probe, up to its cap",
    async check(setting) {
      const times = { resetTimeoutMs: 10, openTimeGrowthFactor: 1.5, maxOpenMs: 20 };
      const circuit = setting.circuit(times);
      assert.equal((await circuit.limit()).changes[0]?.forMs, 10);
      assert.equal(await failProbe(circuit), 15);
      assert.equal(await failProbe(circuit), 20);
      assert.equal((await circuit.read()).openings, 3);
    },
  },
  {
    title:
      "the growth is kept if the circuit was closed for less than a reset timeout, else forgotten",
    async check(setting) {
      const short = setting.circuit({ maxOpenMs: 10, openTimeGrowthFactor: 2 });
      await short.limit();
      await recover(short);
      const again = await short.limit();
      assert.equal(again.snapshot.openings, 2);
      await recover(short);
      const lasting = short.with({ resetTimeoutMs: 20 });
      await lasting.readUntil(({ ageMs }) => ageMs >= 20, "it was closed for a reset timeout");
      assert.equal((await lasting.limit()).snapshot.openings, 1);
    },
  },
  {
    title:
      "a circuit stays open after its reset timeout, however often it is read, until a call asks",
    async check(setting) {
      const circuit = setting.circuit({ resetTimeoutMs: 10 });
      const { snapshot } = await circuit.limit();
      await circuit.readUntil(({ retryAfterMs }) => retryAfterMs === 0, "the open time is over");
      const read = await circuit.read();
      assert.deepEqual(timeless(read), timeless(snapshot));
      await setting.store.list(setting.scope);
      assert.equal((await circuit.history()).length, 1);
      const { admitted, changes } = await circuit.admit();
      assert.equal(admitted, 1);
      assert.equal(changes[0]?.reason, "open-time-over");
      assert.deepEqual([changes[0]?.from, changes[0]?.to], ["open", "half-open"]);
      assert.deepEqual(changes[0]?.failure, { ...RATE_LIMIT, reporter: REPORTER });
    },
  },
];

/** Fails one probe, and returns the reset timeout that follows. */
async function failProbe(circuit: Circuit): Promise<number | null | undefined> {
  const { generation } = (await circuit.probe()).snapshot;
  const { changes } = await circuit.settle(generation, { failures: 1 });
  assert.equal(changes[0]?.reason, "probe-failed");
  return changes[0]?.forMs;
}

async function recover(circuit: Circuit): Promise<void> {
  const { generation } = (await circuit.probe()).snapshot;
  const { snapshot } = await circuit.settle(generation, { successes: 1 });
  assert.equal(snapshot.state, "closed");
}

/** Tests that errors about options never contain credentials, whichever option they were given to. */

import { expect, test } from "vitest";
import { createClassifier } from "../src/attribution/index.js";
import { guard } from "../src/dagger/index.js";
import { createFleet, httpStore, memoryStore, openStore } from "../src/fleet/index.js";
import * as library from "../src/index.js";
import { startTraceReceiver } from "../src/traces/index.js";

const SECRET = "hunter2";
const ADDRESSES = [
  `redis://u:${SECRET}@h:6379`,
  `https://u:${SECRET}@mirror.example/hub`,
  `https://h/hub?token=${SECRET}`,
  `u:${SECRET}@h`,
];
/** Functions that put an address into a value. Each puts it in another place. */
const SHAPES: readonly ((address: string) => unknown)[] = [
  (address) => address,
  (address) => [address],
  (address) => ({ [address]: address }),
  (address) => ({ [address]: [address] }),
  (address) => ({ "docker.io": [address] }),
  (address) => ({ "docker.io": address }),
];

const store = memoryStore();
const client = {} as Parameters<typeof guard>[0];

/** All functions and classes that take an object of options. */
const TAKERS: Readonly<Record<string, (options: never) => unknown>> = {
  CircuitBreaker: (options) => new library.CircuitBreaker(options),
  createRegistry: library.createRegistry,
  createRetry: library.createRetry,
  createTimeout: library.createTimeout,
  createFallback: (options) => library.createFallback(1, options),
  createWait: (options) => library.createWait(new library.CircuitBreaker({ name: "b" }), options),
  bulkhead: library.bulkhead,
  lastGood: library.lastGood,
  RetryBudget: (options) => new library.RetryBudget(options),
  guard: (options) => guard(client, options),
  createFleet: (options) => createFleet(Object.assign({ store }, options)),
  httpStore,
  openStore: (options) => openStore("memory:", options),
  createClassifier,
  startTraceReceiver: async (options) => (await startTraceReceiver(options)).close(),
};

/** Returns the messages of the errors that a call throws. */
async function messagesOf(call: () => unknown): Promise<string[]> {
  try {
    await call();
    return [];
  } catch (error) {
    return [String(error), String((error as Error).cause ?? "")];
  }
}

test.each(Object.keys(TAKERS))("no error about an option of %s shows credentials", async (name) => {
  const take = TAKERS[name] as (options: unknown) => unknown;
  const [listed = ""] = await messagesOf(() => take({ [`${SECRET}_is_no_option`]: 1 }));
  const names = [...listed.matchAll(/"(\w+)"/g)].map(([, one = ""]) => one).slice(1);
  expect(names.length, listed).toBeGreaterThan(0);
  for (const address of ADDRESSES) {
    const values = SHAPES.map((shape) => shape(address));
    const given = names.flatMap((option) => values.map((value) => ({ [option]: value })));
    for (const options of [address, { [address]: 1 }, ...given]) {
      const messages = await messagesOf(() => take(options));
      expect(messages.join("\n"), JSON.stringify(options)).not.toContain(SECRET);
    }
  }
});

test.each([
  ["wrap", (address: string) => library.wrap(address as never)],
  ["openStore", (address: string) => openStore(address)],
])("no error about an argument of %s shows credentials", async (_name, take) => {
  for (const address of ADDRESSES) {
    expect((await messagesOf(() => take(address))).join("\n")).not.toContain(SECRET);
  }
});

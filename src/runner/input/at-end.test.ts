import { afterEach, describe, expect, test, vi } from "vitest";
import { isHungUp } from "./at-end.js";

const EVENT_TYPE = 10;
const EVENT_FLAGS = 24;
const CLOCK = 0;
const READABLE = 1;
const HANG_UP = 1;

afterEach(() => vi.restoreAllMocks());

/**
 * Replaces the system's `poll` by a function that reports these events in turn, and then repeats
 * the last one.
 */
function pollReports(...events: readonly { type: number; flags: number }[]): { polls: number } {
  const seen = { polls: 0 };
  class FakeWasi {
    #view = new DataView(new ArrayBuffer(0));

    initialize({ exports }: { exports: { memory: { buffer: ArrayBuffer } } }): void {
      this.#view = new DataView(exports.memory.buffer);
    }

    readonly wasiImport = {
      poll_oneoff: (_in: number, at: number, _subscriptions: number, countAt: number): number => {
        const event = events[Math.min(seen.polls, events.length - 1)];
        seen.polls += 1;
        this.#view.setUint8(at + EVENT_TYPE, event?.type ?? CLOCK);
        this.#view.setUint16(at + EVENT_FLAGS, event?.flags ?? 0, true);
        this.#view.setUint32(countAt, 1, true);
        return 0;
      },
    };
  }
  vi.spyOn(process, "getBuiltinModule").mockReturnValue({ WASI: FakeWasi } as never);
  return seen;
}

describe("a descriptor", () => {
  test("is hung up although the first polls saw only their own time limit", () => {
    const limit = { type: CLOCK, flags: 0 };
    const seen = pollReports(limit, limit, { type: READABLE, flags: HANG_UP });
    expect(isHungUp(0)).toBe(true);
    expect(seen.polls).toBe(3);
  });

  test("is not hung up when no poll reports on it", () => {
    const seen = pollReports({ type: CLOCK, flags: 0 });
    expect(isHungUp(0)).toBe(false);
    expect(seen.polls).toBe(5);
  });

  test("with data to read is not hung up", () => {
    const seen = pollReports({ type: READABLE, flags: 0 });
    expect(isHungUp(0)).toBe(false);
    expect(seen.polls).toBe(1);
  });
});

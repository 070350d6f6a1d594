import { expect, test } from "vitest";
import { Abandoned, pause, Steps, unlessAborted, untilAborted } from "./steps.js";

const patient = new AbortController().signal;

test("equal steps at once share one run, and a finished one is remembered", async () => {
  const steps = new Steps();
  let runs = 0;
  const work = async () => {
    runs += 1;
    return runs;
  };
  expect(await Promise.all([1, 2, 3].map(() => steps.join("a", patient, work)))).toEqual([1, 1, 1]);
  expect(await steps.join("a", patient, work)).toBe(1);
  expect(await steps.join("b", patient, work)).toBe(2);
});

test("a failed step fails for all its callers, and the next call retries it", async () => {
  const steps = new Steps();
  let runs = 0;
  const work = async () => {
    runs += 1;
    throw new Error(`run ${runs}`);
  };
  const both = await Promise.allSettled([1, 2].map(() => steps.join("a", patient, work)));
  expect(both.map((one) => one.status === "rejected" && String(one.reason))).toEqual([
    "Error: run 1",
    "Error: run 1",
  ]);
  await expect(steps.join("a", patient, work)).rejects.toThrow("run 2");
});

test("aborts work when the last caller gives up, and not before", async () => {
  const steps = new Steps();
  const [first, second] = [new AbortController(), new AbortController()];
  let aborted: unknown;
  const work = (signal: AbortSignal) => {
    signal.addEventListener("abort", () => {
      aborted = signal.reason;
    });
    return untilAborted(signal);
  };
  const waits = [first, second].map(({ signal }) => steps.join("a", signal, work));
  first.abort("the first");
  await expect(waits[0]).rejects.toBe("the first");
  expect(aborted).toBeUndefined();
  second.abort("the second");
  await expect(waits[1]).rejects.toBe("the second");
  expect(aborted).toBe("the second");
  expect(await steps.join("a", patient, async () => "anew")).toBe("anew");
});

test("an already aborted signal starts nothing", async () => {
  const work = () => Promise.reject(new Error("started"));
  const signal = AbortSignal.abort("gone");
  await expect(new Steps().join("a", signal, work)).rejects.toBe("gone");
  await expect(unlessAborted(Promise.resolve(1), signal)).rejects.toBe("gone");
  await expect(pause(60_000, signal)).rejects.toBe("gone");
});

test("forgotten steps run again", async () => {
  const steps = new Steps();
  await steps.join("a", patient, async () => 1);
  steps.clear();
  expect(await steps.join("a", patient, async () => 2)).toBe(2);
});

test("abandoned work starts again for the remaining callers", async () => {
  const steps = new Steps();
  const first = new AbortController();
  let runs = 0;
  const work = async () => {
    runs += 1;
    await Promise.resolve();
    if (runs > 1) return "done";
    first.abort(new Error("cut"));
    throw new Abandoned("cut");
  };
  const [cut, ...others] = await Promise.allSettled([
    steps.join("a", first.signal, work),
    steps.join("a", patient, work),
    steps.join("a", patient, work),
  ]);
  expect(cut).toMatchObject({ status: "rejected", reason: { message: "cut" } });
  expect(others).toEqual([1, 2].map(() => ({ status: "fulfilled", value: "done" })));
  expect(runs).toBe(2);
});

test("steps are idle once abandoned work has ended too", async () => {
  const steps = new Steps();
  const gone = new AbortController();
  let end: () => void = () => undefined;
  const joined = steps.join(
    "a",
    gone.signal,
    () => new Promise<void>((resolve) => (end = resolve)),
  );
  gone.abort(new Error("gone"));
  await expect(joined).rejects.toThrow("gone");
  let idle = false;
  const waited = steps.idle().then(() => {
    idle = true;
  });
  await Promise.resolve();
  expect(idle).toBe(false);
  end();
  await waited;
  expect(idle).toBe(true);
});

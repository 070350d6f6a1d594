import { describe, expect, test, vi } from "vitest";
import { type FailureDetail, isDuration, Permit, type SuccessDetail } from "./permit.js";

const error = new Error("down");

function newPermit() {
  const settle = vi.fn();
  const release = vi.fn();
  return {
    permit: new Permit({ settle, release }, 7, undefined, Number.NaN, false),
    settle,
    release,
  };
}

describe("a permit", () => {
  test("goes to the local settler, if there is one, when its outcome is kept in this process", () => {
    const { permit, settle } = newPermit();
    const alone = { settle: vi.fn(), release: vi.fn() };
    const shared = { settle: vi.fn(), release: vi.fn(), alone: () => alone };
    permit.keepLocal();
    permit.success();
    expect(settle).toHaveBeenCalledTimes(1);
    const handed = newPermit();
    handed.permit.handTo(shared);
    handed.permit.keepLocal();
    handed.permit.failure(error);
    expect(alone.settle).toHaveBeenCalledWith(handed.permit, { outcome: "failure", error });
    expect([shared.settle, handed.settle].flatMap(({ mock }) => mock.calls)).toEqual([]);
  });

  test("reports its outcome and the caller's details to the settler", () => {
    const cases: [(permit: Permit) => void, object][] = [
      [(permit) => permit.success(), { outcome: "success", error: undefined }],
      [
        (permit) => permit.success({ durationMs: 5 }),
        { outcome: "success", error: undefined, durationMs: 5 },
      ],
      [(permit) => permit.failure(), { outcome: "failure", error: undefined }],
      [
        (permit) => permit.failure(error, { retryAfterMs: 5, openNow: true }),
        { outcome: "failure", error, retryAfterMs: 5, openNow: true },
      ],
      [(permit) => permit.ignore(error), { outcome: "ignored", error }],
    ];
    for (const [settleIt, settlement] of cases) {
      const { permit, settle, release } = newPermit();
      settleIt(permit);
      expect(settle.mock.calls).toEqual([[permit, settlement]]);
      expect(release).not.toHaveBeenCalled();
    }
  });

  const ends: [string, (permit: Permit) => void][] = [
    ["success", (permit) => permit.success()],
    ["failure", (permit) => permit.failure(error)],
    ["ignore", (permit) => permit.ignore()],
    ["release", (permit) => permit.release()],
    ["dispose", (permit) => permit[Symbol.dispose]()],
  ];
  test.each(ends)("after %s, ignores later calls, even with wrong details", (_name, first) => {
    const { permit, settle, release } = newPermit();
    first(permit);
    for (const [, next] of ends) next(permit);
    permit.failure(error, { retryAfterMs: -1 });
    expect(settle.mock.calls.length + release.mock.calls.length).toBe(1);
  });

  test("is released at the end of its block", () => {
    const { permit, release } = newPermit();
    permit[Symbol.dispose]();
    expect(release.mock.calls).toEqual([[permit]]);
  });

  test("settled in its block, it is not released as well", () => {
    const { permit, settle, release } = newPermit();
    permit.success();
    permit[Symbol.dispose]();
    expect(settle).toHaveBeenCalledTimes(1);
    expect(release).not.toHaveBeenCalled();
  });

  test.each<[string, (permit: Permit) => void, string]>([
    [
      "a misspelled delay",
      (permit) => permit.failure(error, { retryAfter: 5 } as FailureDetail),
      'permit.failure option "retryAfter" is not known, did you mean "retryAfterMs"?',
    ],
    [
      "another outcome",
      (permit) => permit.success({ outcome: "failure" } as SuccessDetail),
      'permit.success option "outcome" is not known',
    ],
    [
      "a word for openNow",
      (permit) => permit.failure(error, { openNow: "no" } as unknown as FailureDetail),
      'openNow is "no", expected true or false',
    ],
    [
      "no object",
      (permit) => permit.failure(error, null as unknown as FailureDetail),
      "the options of permit.failure are null, expected an object",
    ],
  ])("rejects %s as a detail and can be settled afterwards", (_what, settleIt, message) => {
    const { permit, settle } = newPermit();
    expect(() => settleIt(permit)).toThrow(message);
    expect(settle).not.toHaveBeenCalled();
    permit.success();
    expect(settle).toHaveBeenCalledTimes(1);
  });

  test.each<[unknown, ErrorConstructor, string]>([
    [-1, RangeError, "-1"],
    [Number.NaN, RangeError, "NaN"],
    ["5", TypeError, '"5"'],
    [null, TypeError, "null"],
    [5n, TypeError, "5n"],
  ])(
    "rejects a delay or duration of %s and can be settled afterwards",
    (value, errorClass, shown) => {
      const { permit, settle } = newPermit();
      const failing = () => permit.failure(error, { retryAfterMs: value } as FailureDetail);
      const succeeding = () => permit.success({ durationMs: value } as SuccessDetail);
      const expected = `is ${shown}, expected a number of milliseconds, 0 or more`;
      expect(failing).toThrow(errorClass);
      expect(failing).toThrow(`retryAfterMs ${expected}`);
      expect(succeeding).toThrow(errorClass);
      expect(succeeding).toThrow(`durationMs ${expected}`);
      expect(settle).not.toHaveBeenCalled();
      permit.success();
      expect(settle).toHaveBeenCalledTimes(1);
    },
  );
});

test("a permit that was handed on is settled and released by its new settler", () => {
  const [handed, released] = [newPermit(), newPermit()];
  const settler = { settle: vi.fn(), release: vi.fn() };
  handed.permit.handTo(settler);
  handed.permit.failure(error);
  expect(settler.settle).toHaveBeenCalledWith(handed.permit, { outcome: "failure", error });
  released.permit.handTo(settler);
  released.permit.release();
  expect(settler.release).toHaveBeenCalledWith(released.permit);
  for (const old of [handed, released]) {
    expect(old.settle).not.toHaveBeenCalled();
    expect(old.release).not.toHaveBeenCalled();
  }
});

test("a duration is undefined or any number from 0 on", () => {
  expect([undefined, 0, 0.5, Number.POSITIVE_INFINITY].map(isDuration)).not.toContain(false);
  expect([-0.001, Number.NaN, null, "1", {}, 1n].map(isDuration)).not.toContain(true);
});

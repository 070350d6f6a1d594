import { expect, test } from "vitest";
import { withFallback } from "./fallback.js";
import { lastGood } from "./last-good.js";
import { isLastGoodRefusedError, noteSessionIds, refuseUnderLastGood } from "./last-good-scope.js";

const memory = () => lastGood<unknown>({ maxAgeMs: 60_000 });
const reasonOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (reason) => reason,
  );

test("rejects a publish or export before it happens, and no old value answers", async () => {
  const kept = memory();
  await withFallback(async () => "old", kept);
  let done = false;
  const publish = async () => {
    refuseUnderLastGood("publish");
    done = true;
  };
  const error = await reasonOf(withFallback(publish, kept, { shouldFallback: () => true }));
  expect(isLastGoodRefusedError(error)).toBe(true);
  expect(error).toMatchObject({ name: "LastGoodRefusedError", code: "LAST_GOOD_REFUSED" });
  expect(done).toBe(false);
});

test.each([
  ["an id", "id-1", "an id of a Dagger session"],
  ["a list with an id", ["text", "id-1"], "an id of a Dagger session"],
  ["an object of the SDK", { _ctx: {} }, "an object of a Dagger session"],
  ["a list of them", [{ _ctx: {} }], "an object of a Dagger session"],
])("%s is not remembered", async (_what, value, message) => {
  const kept = memory();
  const operation = async () => {
    noteSessionIds(["id-1", "id-2"]);
    return value;
  };
  expect(await reasonOf(withFallback(operation, kept))).toMatchObject({
    message: `lastGood cannot reuse ${message}; use another fallback`,
  });
  expect(kept.recall()).toBeUndefined();
});

test.each([["text"], [5], [null], [undefined], [{ id: "id-1" }], [["text"]]])(
  "remembers other values, even if ids were received on the way: %j",
  async (value) => {
    const kept = memory();
    const operation = async () => {
      noteSessionIds(["id-1"]);
      return value;
    };
    expect(await withFallback(operation, kept)).toBe(value);
    expect(kept.recall()?.value).toBe(value);
  },
);

test("rejects nothing without a lastGood", async () => {
  noteSessionIds(["id-1"]);
  refuseUnderLastGood("publish");
  const operation = async () => {
    refuseUnderLastGood("publish");
    noteSessionIds(["id-1"]);
    return "id-1";
  };
  expect(await withFallback(operation, "cached")).toBe("id-1");
});

import { expect, test } from "vitest";
import { LIMITED, OWN_FAULT } from "../../../tests/cli/run/sample-run.js";
import { problemIn, type RequestProblem, SessionProgress } from "./session-progress.js";

const failed: RequestProblem = { kind: "failed", failure: LIMITED };
const ofUser: RequestProblem = { kind: "failed", failure: OWN_FAULT };
const abandoned: RequestProblem = { kind: "abandoned" };

test("a later success overcomes a problem", () => {
  const progress = new SessionProgress();
  progress.begin()(failed);
  expect(progress.openProblem?.problem).toBe(failed);
  progress.begin()();
  expect(progress.openProblem).toBeUndefined();
});

test("a success that ran beside a problem does not overcome it", () => {
  const progress = new SessionProgress();
  const [one, other] = [progress.begin(), progress.begin()];
  one(failed);
  other();
  expect(progress.openProblem?.problem).toBe(failed);
});

test.each([
  ["the first of parallel problems counts", failed, ofUser, failed],
  ["a client that fails abandons its other requests", failed, abandoned, failed],
  ["a failure explains more than an abandoned request", abandoned, failed, failed],
])("%s", (_, first, second, expected) => {
  const progress = new SessionProgress();
  const [one, other] = [progress.begin(), progress.begin()];
  one(first);
  other(second);
  expect(progress.openProblem?.problem).toBe(expected);
});

test("the last of consecutive problems counts", () => {
  const progress = new SessionProgress();
  progress.begin()(failed);
  progress.begin()(ofUser);
  expect(progress.openProblem?.problem).toBe(ofUser);
});

test("is busy while a request runs", () => {
  const progress = new SessionProgress();
  const end = progress.begin();
  expect(progress.isBusy).toBe(true);
  end();
  expect(progress.isBusy).toBe(false);
});

test("a fault of the user wins over a failure that counts, and that over any other", () => {
  const other = { ...LIMITED, counts: false };
  expect(problemIn([other, LIMITED, OWN_FAULT])).toEqual(ofUser);
  expect(problemIn([other, LIMITED])).toEqual(failed);
  expect(problemIn([other])).toEqual({ kind: "failed", failure: other });
  expect(problemIn([])).toBeUndefined();
});

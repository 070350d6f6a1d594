import { expect, test } from "vitest";
import { verbOf } from "./idempotent.js";

test.each([
  ["dagger call test", "test"],
  ["dagger call test --source .", "test"],
  ["/usr/local/bin/dagger.exe -m ./ci call lint", "lint"],
  ["dagger --mod=./ci -vv --progress plain call build export", "build"],
  ["dagger check", "check"],
  ["dagger -q check", "check"],
  ["pytest -x", "pytest"],
  ["./ci/run.sh", "run.sh"],
])("%s is %s", (line, verb) => {
  const [command = "", ...args] = line.split(" ");
  expect(verbOf(command, args)).toBe(verb);
});

test.each([
  "dagger call --name test deploy",
  "dagger --unknown test call deploy",
  "dagger call",
  "dagger -m",
  "dagger",
])("%s has no clear name", (line) => {
  const [command = "", ...args] = line.split(" ");
  expect(verbOf(command, args)).toBeUndefined();
});

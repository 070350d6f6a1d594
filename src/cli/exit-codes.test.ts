import { expect, test } from "vitest";
import {
  CLASSIFY_EXIT_CODES,
  COMMON_EXIT_CODES,
  DIGESTS_EXIT_CODES,
  EXIT,
  FAULT_EXIT_CODES,
  HISTORY_EXIT_CODES,
  ISOLATE_EXIT_CODES,
  MIRRORS_EXIT_CODES,
  QUOTA_EXIT_CODES,
  RELEASE_EXIT_CODES,
  RUN_EXIT_CODES,
  SERVE_EXIT_CODES,
  STATUS_EXIT_CODES,
  WATCH_EXIT_CODES,
} from "./exit-codes.js";
import { exitCodeHelp } from "./help.js";

const codes = Object.values(EXIT);

test("every exit code has one meaning", () => {
  expect(new Set(codes).size).toBe(codes.length);
});

test("no exit code is used by a shell, dagger or Node", () => {
  for (const code of codes.filter((code) => code !== 0)) {
    expect(code).toBeGreaterThan(14);
    expect(code).toBeLessThan(126);
  }
});

test("30 to 39 are the faults of a pipeline's dependencies, and only those", () => {
  const upstream = Object.entries(FAULT_EXIT_CODES).filter(([, code]) => code >= 30 && code <= 39);
  expect(upstream.map(([fault]) => fault).sort()).toEqual(
    ["cloud", "engine", "git", "http", "registry", "service"].sort(),
  );
});

test("every exit code is in the help of a command", () => {
  const told = [
    CLASSIFY_EXIT_CODES,
    QUOTA_EXIT_CODES,
    MIRRORS_EXIT_CODES,
    DIGESTS_EXIT_CODES,
    RUN_EXIT_CODES,
    STATUS_EXIT_CODES,
    WATCH_EXIT_CODES,
    HISTORY_EXIT_CODES,
    SERVE_EXIT_CODES,
    ISOLATE_EXIT_CODES,
    RELEASE_EXIT_CODES,
    COMMON_EXIT_CODES,
  ];
  const missing = codes.filter((code) => !told.flat().some(([listed]) => listed === code));
  expect(missing).toEqual([]);
});

test("the help lists exit codes in their order", () => {
  const listed = [...exitCodeHelp(MIRRORS_EXIT_CODES).matchAll(/^ {2}([0-9]+) /gm)];
  const order = listed.map(([, code]) => Number(code));
  expect(order).toHaveLength(MIRRORS_EXIT_CODES.length + COMMON_EXIT_CODES.length);
  expect(order).toEqual([...order].sort((one, other) => one - other));
});

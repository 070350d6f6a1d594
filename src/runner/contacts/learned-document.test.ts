import { expect, test } from "vitest";
import { formatLearned, LEARNED_MAX_AGE_MS, learnedKey, parseLearned } from "./learned-document.js";

const NOW = 1_700_000_000_000;
const key = learnedKey("dagger", ["call", "test", "--token=hunter2"], "/work");

test("reads contacts back, and the document contains nothing of the command", () => {
  const text = formatLearned([], { key, contacts: ["registry:docker.io"], atMs: NOW });
  expect(parseLearned(text, NOW)).toEqual([{ key, contacts: ["registry:docker.io"], atMs: NOW }]);
  expect(text).not.toMatch(/hunter2|call|work/);
});

test("the same words in another folder are another command, however they are split", () => {
  expect(learnedKey("dagger", ["call", "test"], "/a")).not.toBe(
    learnedKey("dagger", ["call", "test"], "/b"),
  );
  expect(learnedKey("dagger", ["call test"], "/a")).not.toBe(
    learnedKey("dagger", ["call", "test"], "/a"),
  );
});

test("forgets contacts after a day, even if the clock was set back", () => {
  const text = formatLearned([], { key, contacts: [], atMs: NOW });
  expect(parseLearned(text, NOW + LEARNED_MAX_AGE_MS)).toHaveLength(1);
  expect(parseLearned(text, NOW + LEARNED_MAX_AGE_MS + 1)).toEqual([]);
  expect(parseLearned(text, NOW - LEARNED_MAX_AGE_MS - 1)).toEqual([]);
});

test("a command that runs again replaces its entry, and 500 are kept", () => {
  let known = parseLearned("", NOW);
  for (let index = 0; index < 510; index += 1) {
    const command = {
      key: learnedKey("dagger", [`${index}`], "/"),
      contacts: [],
      atMs: NOW + index,
    };
    known = parseLearned(formatLearned(known, command), NOW);
  }
  expect(known).toHaveLength(500);
  const again = formatLearned(known, {
    ...(known[3] as (typeof known)[0]),
    contacts: ["git:github.com"],
  });
  expect(parseLearned(again, NOW)).toHaveLength(500);
});

test("neither writes nor reads an invalid breaker name", () => {
  const contacts = ["registry:docker.io", "https://user:secret@x", "engine", "git:a b"];
  const text = formatLearned([], { key, contacts, atMs: NOW });
  expect(parseLearned(text, NOW)[0]?.contacts).toEqual(["registry:docker.io"]);
  for (const bad of [
    "",
    "{}",
    "[]",
    "null",
    '{"version":2,"commands":[]}',
    '{"version":1,"commands":[null,1]}',
  ]) {
    expect(parseLearned(bad, NOW)).toEqual([]);
  }
});

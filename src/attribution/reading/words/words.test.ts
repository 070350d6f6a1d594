import fc from "fast-check";
import { expect, test } from "vitest";
import { WordIndex, WordLists } from "./words.js";

const letters = fc.string({ unit: fc.constantFrom("a", "b", " ", "é", "\n"), maxLength: 12 });

test("finds a word exactly where a plain search does", () => {
  fc.assert(
    fc.property(letters, fc.array(letters, { maxLength: 9 }), (text, words) => {
      const found = [...new WordIndex(words).in(text)];
      expect(found.sort()).toEqual([...new Set(words)].filter((one) => text.includes(one)).sort());
    }),
  );
});

test("finds every list that has a word in the text, and words that look like names in the whole text", () => {
  const failed = ["failed", "eof"];
  const closed = ["closed", "failed"];
  const host = ["docker.io"];
  const absent = ["absent", "quay.io"];
  const lists = new WordLists([failed, closed, host, absent]);
  const found = lists.in("pull of _________ failed", "pull of docker.io failed closed");
  expect(found).toEqual(new Set([failed, closed, host]));
  expect(lists.in("", "").size).toBe(0);
});

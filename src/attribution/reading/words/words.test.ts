import fc from "fast-check";
import { expect, test } from "vitest";
import { WordText, wordList } from "./words.js";

const letters = fc.string({ unit: fc.constantFrom("a", "b", " ", "é", "\n"), maxLength: 12 });

test("finds a word exactly where a plain search does, also with texts in turns", () => {
  fc.assert(
    fc.property(letters, letters, fc.array(letters, { maxLength: 5 }), (one, other, words) => {
      for (const text of [new WordText(one), new WordText(other), new WordText(one)]) {
        const twin = new WordText(other);
        expect(twin.hasAny(wordList(words))).toBe(words.some((word) => other.includes(word)));
        expect(text.hasAny(wordList(words))).toBe(words.some((word) => text.text.includes(word)));
        expect(text.hasAll(wordList(words))).toBe(words.every((word) => text.text.includes(word)));
        expect(text.present(wordList(words))).toEqual(
          words.filter((word) => text.text.includes(word)),
        );
      }
    }),
  );
});

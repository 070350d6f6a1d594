import fc from "fast-check";
import { expect, test } from "vitest";
import { shellWords } from "./shell-words.js";

test.each([
  [
    "dagger call build --url https://a.b/c#d",
    [["dagger", "call", "build", "--url", "https://a.b/c#d"]],
  ],
  [`a 'b "c" \\d' "e \\"f\\" 'g'" h\\ i`, [["a", `b "c" \\d`, `e "f" 'g'`, "h i"]]],
  ["a=b'c d'e ''", [["a=bc de", ""]]],
  ["a | b; c && d\n# e | f\ng $(h)", [["a"], ["b"], ["c"], ["d"], ["g", "$"], ["h"]]],
  ["a \\\n  b", [["a", "b"]]],
  ["a 'b", [["a", "b"]]],
  ["\\", [[""]]],
  ["", []],
])("%j is split as a shell does", (text, words) => {
  expect(shellWords(text)).toEqual(words);
});

test("words that are quoted come back as they were", () => {
  const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (words) => {
      expect(shellWords(words.map(quoted).join(" "))).toEqual([words]);
    }),
  );
});

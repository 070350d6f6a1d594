import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeId, encodeId } from "./ids.js";
import { TYPES_WITH_IDS } from "./schema.js";

test.each([
  ["EhMIjo0EEg0KCUNvbnRhaW5lchgB", "Container", 67_214],
  ["EhMInI0EEg0KCURpcmVjdG9yeRgB", "Directory", 67_228],
  ["Eg4IoI0EEggKBEZpbGUYAQ==", "File", 67_232],
  ["EhAIuI0EEgoKBlNlY3JldBgB", "Secret", 67_256],
])("the id %s of a real engine decodes to %s %i and back", (id, typeName, number) => {
  expect(decodeId(id)).toEqual({ typeName, number });
  expect(encodeId({ typeName, number })).toBe(id);
});

test("decodes every encoded id to its value", () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 2 ** 31 }),
      fc.constantFrom(...TYPES_WITH_IDS),
      (number, typeName) => {
        expect(decodeId(encodeId({ number, typeName }))).toEqual({ number, typeName });
      },
    ),
  );
});

test("rejects any other text as an id", () => {
  expect(decodeId("nonsense")).toBeUndefined();
  expect(decodeId("")).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(decodeId(text)).toBeUndefined();
    }),
  );
});

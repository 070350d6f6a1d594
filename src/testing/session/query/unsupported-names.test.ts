import { isObjectType } from "graphql";
import { expect, test } from "vitest";
import { SCHEMA } from "./schema.js";
import { UNSUPPORTED_NAMES, unsupportedText } from "./unsupported-names.js";

test.each([
  ['Cannot query field "asService" on type "Container".', '"Container.asService"'],
  ['Cannot query field "loadServiceFromID" on type "Query". Did you mean x?', "loadServiceFromID"],
  [
    'Unknown argument "gitignore" on field "Host.directory".',
    'the argument "gitignore" of "Host.directory"',
  ],
])("%s: only the double lacks it", (message, words) => {
  expect(unsupportedText(message)).toContain(`the session double does not support`);
  expect(unsupportedText(message)).toContain(words);
});

test.each([
  'Cannot query field "asServise" on type "Container".',
  'Unknown argument "nope" on field "Host.directory".',
  "Expected Name, found <EOF>",
])("%s: engines reject it too", (message) => {
  expect(unsupportedText(message)).toBeUndefined();
});

test("lists no supported name, and only types of the schema", () => {
  for (const path of UNSUPPORTED_NAMES) {
    const [typeName = "", field = "", argument] = path.split(".");
    const type = SCHEMA.getType(typeName);
    if (!isObjectType(type)) throw new Error(`${typeName} is no type`);
    const spoken = type.getFields()[field];
    if (argument === undefined) expect(spoken, path).toBeUndefined();
    else
      expect(
        spoken?.args.map(({ name }) => name),
        path,
      ).not.toContain(argument);
    if (argument !== undefined) expect(spoken, path).toBeDefined();
  }
});

import { isObjectType } from "graphql";
import { expect, test } from "vitest";
import { NOT_SPOKEN, notSpoken } from "./not-spoken.js";
import { SCHEMA } from "./schema.js";

test.each([
  ['Cannot query field "asService" on type "Container".', '"Container.asService"'],
  ['Cannot query field "loadServiceFromID" on type "Query". Did you mean x?', "loadServiceFromID"],
  [
    'Unknown argument "gitignore" on field "Host.directory".',
    'the argument "gitignore" of "Host.directory"',
  ],
])("%s: only the double lacks it", (message, words) => {
  expect(notSpoken(message)).toContain(`the session double does not speak`);
  expect(notSpoken(message)).toContain(words);
});

test.each([
  'Cannot query field "asServise" on type "Container".',
  'Unknown argument "nope" on field "Host.directory".',
  "Expected Name, found <EOF>",
])("%s: engines reject it too", (message) => {
  expect(notSpoken(message)).toBeUndefined();
});

test("lists no supported name, and only types of the schema", () => {
  for (const path of NOT_SPOKEN) {
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

import { isObjectType } from "graphql";
import { expect, test } from "vitest";
import { SCHEMA, TYPES_WITH_IDS } from "../query/schema.js";
import { RESOLVERS } from "./index.js";

test("every field of the schema has a resolver, and every resolver a field", () => {
  for (const typeName of ["Query", ...TYPES_WITH_IDS]) {
    const type = SCHEMA.getType(typeName);
    const fields = isObjectType(type) ? Object.keys(type.getFields()) : [];
    const resolved = ["id", ...Object.keys(RESOLVERS[typeName] ?? {})];
    expect([...resolved].sort(), typeName).toEqual(fields.sort());
  }
});

/** Runs a planned query. Fields of one object run in parallel. All failures are collected, each with its path. */

import { type GraphQLOutputType, isListType, isNonNullType } from "graphql";
import { IdArgument } from "./query-arguments.js";
import type { PlannedField } from "./query-plan.js";

/** An error with its path in the query. */
export interface PlacedError {
  readonly path: readonly string[];
  readonly error: unknown;
}

/** Gives fields their values. */
export interface FieldResolver {
  /** Returns the value of a field of `parent`, whose type is `typeName`. */
  resolve(
    typeName: string,
    field: PlannedField,
    parent: unknown,
    args: Readonly<Record<string, unknown>>,
  ): unknown;
  /** Returns the object with an id. `name` is the argument that contained the id. */
  load(id: string, name: string): unknown;
}

/** Runs the selected fields of one object. Adds errors to `errors` in the order in which they occur. */
export async function runFields(
  fields: readonly PlannedField[],
  typeName: string,
  parent: unknown,
  resolver: FieldResolver,
  errors: PlacedError[],
  path: readonly string[] = [],
): Promise<Readonly<Record<string, unknown>>> {
  const values = await Promise.all(
    fields.map(async (field) => {
      const at = [...path, field.name];
      try {
        return await runField(field, typeName, parent, resolver, errors, at);
      } catch (error) {
        errors.push({ path: at, error });
        return null;
      }
    }),
  );
  return Object.fromEntries(fields.map((field, index) => [field.key, values[index]]));
}

async function runField(
  field: PlannedField,
  typeName: string,
  parent: unknown,
  resolver: FieldResolver,
  errors: PlacedError[],
  path: readonly string[],
): Promise<unknown> {
  if (field.name === "__typename") return typeName;
  const args = loadIds(field.args, resolver);
  const value = await resolver.resolve(typeName, field, parent, args);
  return complete(value, field.type, field, resolver, errors, path);
}

function loadIds(
  args: Readonly<Record<string, unknown>>,
  resolver: FieldResolver,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      const load = (one: unknown) => {
        return one instanceof IdArgument ? resolver.load(one.id, name) : one;
      };
      return [name, Array.isArray(value) ? value.map(load) : load(value)];
    }),
  );
}

async function complete(
  value: unknown,
  type: GraphQLOutputType,
  field: PlannedField,
  resolver: FieldResolver,
  errors: PlacedError[],
  path: readonly string[],
): Promise<unknown> {
  if (isNonNullType(type)) return complete(value, type.ofType, field, resolver, errors, path);
  if (value === null || value === undefined) return null;
  if (isListType(type)) {
    const items = value as readonly unknown[];
    return Promise.all(
      items.map((item) => complete(item, type.ofType, field, resolver, errors, path)),
    );
  }
  if (field.selections.size === 0) return value;
  const { typeName } = value as { readonly typeName: string };
  const selected = field.selections.get(typeName) ?? [];
  return runFields(selected, typeName, value, resolver, errors, path);
}

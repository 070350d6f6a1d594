/** Reads the arguments of a field. For wrong types it gives the engine's messages. */

import {
  type FieldNode,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  valueFromASTUntyped,
} from "graphql";
import { decodeId } from "./ids.js";
import { isIdType } from "./schema.js";

/** An id as an argument. When the field is resolved, the object replaces it. */
export class IdArgument {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

export type ReadArguments =
  | { readonly args: Readonly<Record<string, unknown>> }
  | { readonly problem: string };

/** Reads the arguments of one field in a query. */
export function readArguments(
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Readonly<Record<string, unknown>>,
  isOld: boolean,
): ReadArguments {
  const given = new Map((node.arguments ?? []).map(({ name, value }) => [name.value, value]));
  const args: Record<string, unknown> = {};
  for (const argument of field.args) {
    const literal = given.get(argument.name);
    const value = literal && valueFromASTUntyped(literal, variables);
    if (value === undefined || (value === null && !isRequiredArgument(argument))) {
      if (isRequiredArgument(argument)) {
        return { problem: `missing required argument: "${argument.name}"` };
      }
      args[argument.name] = argument.defaultValue;
      continue;
    }
    try {
      args[argument.name] = coerce(value, argument.type, isOld);
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error;
      return { problem: `${initArgument(argument, isOld)}: ${error.message}` };
    }
  }
  return { args };
}

/** The error for a value of the wrong type. */
class WrongValue extends Error {
  override readonly name = "WrongValue";
}

const GO_TYPES: Readonly<Record<string, string>> = { Int: "Int", Boolean: "Boolean" };

function initArgument(argument: GraphQLArgument, isOld: boolean): string {
  const typeName = getNamedType(argument.type).name;
  const plain = `dagql.${GO_TYPES[typeName] ?? "String"}`;
  const id = isOld
    ? `dagql.ID[*github.com/dagger/dagger/core.${typeName.replace(/ID$/, "")}]`
    : "dagql.Scalar[github.com/dagger/dagger/dagql.AnyID]";
  const go = isIdType(typeName) ? id : plain;
  return `init arg "${argument.name}" value as ${go} (${argument.type}) using ${go}`;
}

function coerce(value: unknown, type: GraphQLInputType, isOld: boolean): unknown {
  if (isNonNullType(type)) return coerce(value, type.ofType, isOld);
  if (isListType(type)) {
    const items = Array.isArray(value) ? value : [value];
    return items.map((item) => coerce(item, type.ofType, isOld));
  }
  const { name } = getNamedType(type);
  if (isIdType(name)) return coerceId(value, isOld);
  const wanted = name === "Int" ? "Int" : name === "Boolean" ? "Boolean" : "String";
  const fits =
    wanted === "Int"
      ? Number.isInteger(value)
      : typeof value === (wanted === "Boolean" ? "boolean" : "string");
  if (!fits) throw new WrongValue(`cannot create ${wanted} from ${goTypeOf(value)}`);
  const named = getNamedType(type);
  if (isEnumType(named) && named.getValue(value as string) === undefined) {
    throw new WrongValue(`invalid enum member "${value}" for ${name}`);
  }
  return value;
}

function coerceId(value: unknown, isOld: boolean): IdArgument {
  if (typeof value !== "string") {
    throw new WrongValue(`cannot create ID from ${goTypeOf(value)}`);
  }
  if (decodeId(value) === undefined) {
    throw new WrongValue(
      `${isOld ? "" : "invalid ID string: "}failed to unmarshal proto: proto: cannot parse invalid wire-format data`,
    );
  }
  return new IdArgument(value);
}

function goTypeOf(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  if (value === null) return "<nil>";
  return Array.isArray(value) ? "[]interface {}" : "map[string]interface {}";
}

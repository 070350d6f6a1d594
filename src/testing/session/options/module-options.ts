/** The modules of a double, and their validation. */

import { type GraphQLSchema, isObjectType } from "graphql";
import type { AbortSignal } from "../../../options/abort-signal.js";
import {
  checkText,
  type Field,
  readObject,
  readOptions,
  readRecord,
  show,
} from "../../../options/check.js";
import { SCHEMA, schemaOf } from "../query/schema.js";
import type { TelemetryEnvironment } from "../traces/telemetry-port.js";

/** A Dagger module with functions that you write. */
export interface ModuleDouble {
  /** The functions by their names in queries, such as `build`. */
  readonly functions: Readonly<Record<string, ModuleFunction | FunctionDouble>>;
}

/** A function with its signature. If you give only a function, it has no arguments and returns `String!`. */
export interface FunctionDouble {
  /**
   * The GraphQL types of the arguments by name, such as `{ ref: "String!" }`. For an object of the API, use
   * `ID!`. Default: none.
   */
  readonly args?: Readonly<Record<string, string>>;
  /**
   * The GraphQL type of the result. For an object of the API (`"Container!"`), return its id. Default:
   * `"String!"`.
   */
  readonly returns?: string;
  /** The implementation. */
  readonly run: ModuleFunction | FunctionProgram;
}

/**
 * A function that runs in this process. It returns its result. If it throws, the call fails with the same
 * message and, if there are any, the same `extensions`.
 */
export type ModuleFunction = (call: ModuleCall) => unknown;

/** The argument of a function. */
export interface ModuleCall {
  readonly args: Readonly<Record<string, unknown>>;
  /**
   * The variables that a container of the module would have: the nested session, the trace (`TRACEPARENT`),
   * and an OTLP endpoint whose spans join the engine's.
   */
  readonly environment: FunctionEnvironment;
  /** Sends a query to the nested session. Rejects with the message and `extensions` of the first error. */
  readonly query: (
    query: string,
    variables?: Readonly<Record<string, unknown>>,
  ) => Promise<Readonly<Record<string, unknown>>>;
  /** Aborted when the request is dropped or the engine ends. */
  readonly signal: AbortSignal;
}

/** The environment of a function. */
export interface FunctionEnvironment extends TelemetryEnvironment {
  readonly DAGGER_SESSION_PORT: string;
  readonly DAGGER_SESSION_TOKEN: string;
  readonly TRACEPARENT: string;
}

/**
 * A function that runs as a program, like the runtime of a real module. In the nested session, the field
 * `currentFunctionCall` gives the program its call (`name`, `inputArgs`), and takes its result
 * (`returnValue`, `returnError`).
 */
export interface FunctionProgram {
  readonly command: readonly string[];
  /**
   * More variables for the program. It already has {@link FunctionEnvironment}, `PATH` and `HOME`. Default:
   * none.
   */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A function with all defaults filled in. */
export interface FunctionSettings {
  readonly module: string;
  readonly name: string;
  readonly args: Readonly<Record<string, string>>;
  readonly returns: string;
  readonly run: ModuleFunction | Required<FunctionProgram>;
}

/** A module with its functions by name. */
export interface OneModule {
  readonly name: string;
  readonly functions: ReadonlyMap<string, FunctionSettings>;
}

/** The modules of a double. */
export interface ModuleSettings {
  /** The modules by their type in the schema. */
  readonly byType: ReadonlyMap<string, OneModule>;
  /** The type of each module by its name. */
  readonly typeNames: ReadonlyMap<string, string>;
  /** The types and fields that modules add to the schema, as GraphQL text. */
  readonly sdl: string;
}

const NAME = /^[a-z][a-zA-Z0-9]{0,99}$/;
const TYPE = /^[A-Za-z0-9_[\]! ]{1,200}$/;

const textsField: Field<Readonly<Record<string, string>>> = {
  absent: {},
  read: (value, label) =>
    Object.fromEntries(
      Object.entries(readRecord(value, label)).map(([name, text]) => {
        if (typeof text !== "string") {
          throw new TypeError(`${label} "${name}" is ${show(text)}, expected a text`);
        }
        return [name, text];
      }),
    ),
};

/** Validates modules. Throws a TypeError or RangeError that names what is wrong. */
export function readModules(value: unknown, label: string): ModuleSettings {
  const byType = new Map<string, OneModule>();
  const typeNames = new Map<string, string>();
  for (const [name, given] of Object.entries(readRecord(value, label))) {
    checkName(name, `${label} "${name}"`);
    const typeName = name.replace(/^./, (letter) => letter.toUpperCase());
    if (SCHEMA.getQueryType()?.getFields()[name] || SCHEMA.getType(typeName)) {
      throw new RangeError(
        `${label} "${name}" has a name that the API itself has, expected another`,
      );
    }
    typeNames.set(name, typeName);
    byType.set(typeName, { name, functions: readFunctions(name, given, `${label} "${name}"`) });
  }
  const sdl = [...byType].map(([typeName, module]) => sdlOf(typeName, module)).join("\n");
  checkTypes(sdl, byType, label);
  return { byType, typeNames, sdl };
}

function checkName(name: string, label: string): void {
  if (!NAME.test(name)) {
    throw new RangeError(
      `${label} is not a name, expected letters and digits, a lowercase letter first`,
    );
  }
}

function readFunctions(
  module: string,
  value: unknown,
  label: string,
): ReadonlyMap<string, FunctionSettings> {
  const { functions } = readObject(label, value, ["functions"]);
  const read = Object.entries(readRecord(functions, `${label} "functions"`)).map(
    ([name, given]): [string, FunctionSettings] => {
      const at = `${label} function "${name}"`;
      checkName(name, at);
      if (name === "id")
        throw new RangeError(`${at} has a name that every object has, expected another`);
      return [name, { module, name, ...readFunction(given, at) }];
    },
  );
  return new Map(read);
}

function readFunction(given: unknown, label: string): Omit<FunctionSettings, "module" | "name"> {
  if (typeof given === "function") {
    return { args: {}, returns: "String!", run: given as ModuleFunction };
  }
  const { args, returns, run } = readOptions(label, given, {
    args: textsField,
    returns: { absent: "String!", read: (value, at) => checkText(value, at, 200) } as Field<string>,
    run: { absent: undefined, read: readRun } as Field<FunctionSettings["run"] | undefined>,
  });
  if (run === undefined) {
    throw new TypeError(`${label} option "run" is undefined, expected a function or a program`);
  }
  for (const type of [returns, ...Object.values(args)]) {
    if (!TYPE.test(type))
      throw new RangeError(`${label} has the type ${show(type)}, expected one of GraphQL`);
  }
  for (const name of Object.keys(args)) checkName(name, `${label} argument "${name}"`);
  return { args, returns, run };
}

function readRun(value: unknown, label: string): FunctionSettings["run"] {
  if (typeof value === "function") return value as ModuleFunction;
  if (typeof value !== "object" || value === null) {
    throw new TypeError(
      `${label} is ${show(value)}, expected a function or an object with "command"`,
    );
  }
  const { command, environment } = readObject(label, value, ["command", "environment"]);
  if (!Array.isArray(command) || command.length === 0) {
    throw new TypeError(`${label} "command" is ${show(command)}, expected a list of texts`);
  }
  const words = command.map((word) => {
    if (typeof word === "string") return word;
    throw new TypeError(`${label} "command" has ${show(word)}, expected texts`);
  });
  const variables = textsField.read(environment ?? {}, `${label} "environment"`);
  return { command: words, environment: variables };
}

function sdlOf(typeName: string, { name, functions }: OneModule): string {
  const fields = [...functions.values()].map(({ name: field, args, returns }) => {
    const declared = Object.entries(args).map(([argument, type]) => `${argument}: ${type}`);
    return `  ${field}${declared.length > 0 ? `(${declared.join(", ")})` : ""}: ${returns}`;
  });
  return [
    `extend type Query { ${name}: ${typeName}! }`,
    `type ${typeName} implements Node {`,
    "  id: ID!",
    ...fields,
    "}",
  ].join("\n");
}

/** Throws for an unknown type, and for one that a function cannot return. */
function checkTypes(sdl: string, byType: ModuleSettings["byType"], label: string): void {
  let schema: GraphQLSchema;
  try {
    schema = schemaOf(false, sdl);
  } catch (error) {
    const [reason] = String((error as Error).message).split("\n");
    throw new RangeError(`${label} do not form a schema, expected types of the API: ${reason}`);
  }
  for (const [typeName, { functions }] of byType) {
    for (const { module, name, returns } of functions.values()) {
      const returned = schema.getType(returns.replace(/[[\]! ]/g, ""));
      const isPlain = !isObjectType(returned) || "id" in returned.getFields();
      if (isPlain && returned?.name !== "Query") continue;
      throw new RangeError(
        `${label} "${module}" function "${name}" of ${typeName} returns ${show(returns)}, expected a type with an id, or a plain one`,
      );
    }
  }
}

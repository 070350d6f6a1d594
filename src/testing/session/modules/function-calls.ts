/**
 * Fields of the API that only the program of a function uses: `currentFunctionCall`, `currentModule`,
 * `error`.
 */

import type { Work } from "../engine/context.js";
import type { Identified } from "../engine/objects.js";
import type { Arguments, TypeResolvers } from "../engine/resolver.js";
import type { RunningFunction } from "../engine/running-function.js";
import { EngineError } from "../faults/wire-errors.js";
import { contentKey } from "../files/scratch.js";

/** The call for which the program runs. */
interface FunctionCallValue extends Identified<"FunctionCall"> {
  readonly running: RunningFunction;
}

interface ArgumentValue extends Identified<"FunctionCallArgValue"> {
  readonly name: string;
  readonly value: string;
}

/** An error that the program is building, for `returnError`. */
interface ErrorValue extends Identified<"Error"> {
  readonly message: string;
  readonly values: Readonly<Record<string, unknown>>;
}

interface CurrentModuleValue extends Identified<"CurrentModule"> {
  readonly name: string;
}

const NO_MODULE = "no current module: main client caller has no current module";

function runningOf({ nested }: Work, frame = ""): RunningFunction {
  if (nested !== undefined) return nested.running;
  throw new EngineError(`${frame}${NO_MODULE}`, { uncalled: true });
}

function currentFunctionCall(work: Work): FunctionCallValue {
  const running = runningOf(work);
  return { typeName: "FunctionCall", key: running.key, running };
}

function currentModule(work: Work): CurrentModuleValue {
  const frame =
    "failed to compute cache key for Query.currentModule: failed to get current module: ";
  const { module: name } = runningOf(work, frame);
  return { typeName: "CurrentModule", key: contentKey("current module", name), name };
}

function newError(message: string, values: Readonly<Record<string, unknown>> = {}): ErrorValue {
  return { typeName: "Error", key: contentKey("error", message, values), message, values };
}

export const functionCallQueries = {
  currentFunctionCall: (_: unknown, __: Arguments, work: Work) => currentFunctionCall(work),
  currentModule: (_: unknown, __: Arguments, work: Work) => currentModule(work),
  error: (_: unknown, args: Arguments) => newError(args.text("message")),
};

const functionCallResolvers: TypeResolvers<FunctionCallValue> = {
  name: ({ running }) => running.name,
  parentName: ({ running }) => running.typeName,
  parent: () => "{}",
  inputArgs: ({ running }) =>
    Object.entries(running.args).map(([name, given]): ArgumentValue => {
      const value = JSON.stringify(given);
      return {
        typeName: "FunctionCallArgValue",
        key: contentKey(running.key, name),
        name,
        value,
      };
    }),
  returnValue: ({ running }, args) => {
    running.end = { value: parsed(args.text("value")) };
  },
  returnError: ({ running }, args) => {
    const { message, values } = args.object<ErrorValue>("error", "Error");
    running.end = { message, extensions: values };
  },
};

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new EngineError(`invalid JSON: ${json.slice(0, 100)}`);
  }
}

export const functionCallTypes: Readonly<Record<string, TypeResolvers<never>>> = {
  FunctionCall: functionCallResolvers,
  FunctionCallArgValue: {
    name: ({ name }: ArgumentValue) => name,
    value: ({ value }: ArgumentValue) => value,
  },
  Error: {
    message: ({ message }: ErrorValue) => message,
    withValue: ({ message, values }: ErrorValue, args: Arguments) =>
      newError(message, { ...values, [args.text("name")]: parsed(args.text("value")) }),
  },
  CurrentModule: { name: ({ name }: CurrentModuleValue) => name },
};

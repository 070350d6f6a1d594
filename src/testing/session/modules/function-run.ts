/** Runs functions of modules, in this process or as a program. Each gets a nested session of its own. */

import { randomUUID } from "node:crypto";
import { homedir } from "node:os";
import {
  type GraphQLOutputType,
  getNamedType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import type { Work } from "../engine/context.js";
import { inherited } from "../engine/exec.js";
import type { FunctionEnd, NestedPort, RunningFunction } from "../engine/running-function.js";
import { unlessAborted } from "../engine/steps.js";
import { EngineError, execError, splitOrigin } from "../faults/wire-errors.js";
import { contentKey } from "../files/scratch.js";
import type {
  FunctionEnvironment,
  FunctionProgram,
  FunctionSettings,
  ModuleFunction,
} from "../options/module-options.js";
import type { PlannedField } from "../query/query-plan.js";
import { SCOPES } from "../traces/active-span.js";
import { nestedQuery } from "./nested-query.js";

/** Calls a function. A success is kept for all sessions, as in an engine. */
export function callFunction(
  work: Work,
  settings: FunctionSettings,
  field: PlannedField,
  args: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  const { module, name } = settings;
  const key = contentKey(
    "function",
    module,
    name,
    given.map(([of, value]) => [of, keyOf(value)]),
  );
  work.span.child(SCOPES.core, "load sdk runtime", { "dagger.io/ui.internal": true }).end();
  return work.engine.steps.join(key, work.signal, (waited) => {
    const ids = given.map(([of, value]) => [of, withIds(work, value)] as const);
    // The function runs in the session that called it first, and is aborted when that session ends. Another
    // session that waits for the same call then runs the function again.
    const signal = AbortSignal.any([waited, work.session.over]);
    return run({ ...work, signal }, settings, field.type, Object.fromEntries(ids));
  });
}

function keyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keyOf);
  return isObject(value) ? value.key : value;
}

/** Replaces objects in a value by their ids in the function's session. */
function withIds(work: Work, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => withIds(work, one));
  return isObject(value) ? work.session.idOf(value) : value;
}

function isObject(value: unknown): value is { typeName: string; key: string } {
  return typeof value === "object" && value !== null && "typeName" in value;
}

async function run(
  work: Work,
  settings: FunctionSettings,
  type: GraphQLOutputType,
  args: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const { module, name } = settings;
  const typeName = work.engine.settings.modules.typeNames.get(module) ?? module;
  const running: RunningFunction = {
    key: contentKey("function call", randomUUID()),
    module,
    typeName,
    name,
    args,
    end: undefined,
  };
  const traceparent = work.span.traceparent();
  const port = await work.session.openNested({ running, span: work.span, traceparent });
  try {
    const telemetry = await work.session.telemetry.environment();
    const environment: FunctionEnvironment = {
      DAGGER_SESSION_PORT: String(port.port),
      DAGGER_SESSION_TOKEN: port.token,
      TRACEPARENT: traceparent,
      ...telemetry,
    };
    const end = await (typeof settings.run === "function"
      ? runHere(work, settings.run, running, port, environment)
      : runProgram(work, settings.run, running, environment));
    if ("message" in end) throw functionError(end);
    return converted(work, end.value, type, `${module}.${name}`);
  } finally {
    await port.close();
  }
}

async function runHere(
  { signal }: Work,
  body: ModuleFunction,
  { args }: RunningFunction,
  port: NestedPort,
  environment: FunctionEnvironment,
): Promise<FunctionEnd> {
  const query = (text: string, variables?: Readonly<Record<string, unknown>>) =>
    nestedQuery(port, text, variables);
  const called = Promise.resolve().then(() => body({ args, environment, query, signal }));
  const ended = called.then(
    (value): FunctionEnd => ({ value }),
    (error: unknown): FunctionEnd => thrown(error),
  );
  return unlessAborted(ended, signal);
}

/** Returns the failure for an exception of a function, as an SDK reports it. */
function thrown(error: unknown): FunctionEnd {
  if (!(error instanceof Error)) {
    return { message: JSON.stringify(error) ?? String(error), extensions: {} };
  }
  const { extensions } = error as { extensions?: unknown };
  const isRecord = typeof extensions === "object" && extensions !== null;
  return { message: error.message, extensions: isRecord ? { ...extensions } : {} };
}

async function runProgram(
  { engine, signal }: Work,
  { command, environment: own }: Required<FunctionProgram>,
  running: RunningFunction,
  environment: FunctionEnvironment,
): Promise<FunctionEnd> {
  const { exitCode, stdout, stderr } = await engine.processes.run(
    {
      args: command,
      folder: engine.settings.workdir,
      environment: {
        HOME: homedir(),
        ...inherited(["PATH", "TMPDIR", "LANG", "USER"]),
        ...own,
        ...environment,
      },
      stdin: undefined,
    },
    signal,
  );
  if (running.end !== undefined) return running.end;
  const frame = `call function ${JSON.stringify(running.name)}: `;
  if (exitCode !== 0) throw execError({ command, exitCode, stdout, stderr }, frame);
  throw new EngineError(`${frame}it returned nothing`);
}

/** Returns an error of a function as the caller gets it: unchanged, and with its span named once. */
function functionError({
  message,
  extensions,
}: Extract<FunctionEnd, { message: string }>): EngineError {
  const { text, origin } = splitOrigin(message);
  return new EngineError(text, {
    ...(origin !== undefined && { origin }),
    ...(Object.keys(extensions).length > 0 && { extensions }),
  });
}

const PLAIN: Readonly<Record<string, (value: unknown) => boolean>> = {
  Int: Number.isInteger,
  Float: (value) => typeof value === "number",
  Boolean: (value) => typeof value === "boolean",
  Void: (value) => value === null,
};

/** Converts the result of a function to its type. An object of the API comes as its id. */
function converted(work: Work, value: unknown, type: GraphQLOutputType, name: string): unknown {
  if (isNonNullType(type)) {
    const some = converted(work, value, type.ofType, name);
    if (some === null && getNamedType(type).name !== "Void") throw wrongValue(value, type, name);
    return some;
  }
  if (value === null || value === undefined) return null;
  if (isListType(type)) {
    if (!Array.isArray(value)) throw wrongValue(value, type, name);
    return value.map((one) => converted(work, one, type.ofType, name));
  }
  const named = getNamedType(type);
  if (isObjectType(named)) {
    if (typeof value !== "string") throw wrongValue(value, type, name);
    const object = work.session.load(value, "id");
    if (object.typeName !== named.name) throw wrongValue(object.typeName, type, name);
    return object;
  }
  const fits = PLAIN[named.name]?.(value) ?? typeof value === "string";
  if (!fits || (isEnumType(named) && named.getValue(String(value)) === undefined)) {
    throw wrongValue(value, type, name);
  }
  return value;
}

function wrongValue(value: unknown, type: GraphQLOutputType, name: string): EngineError {
  const given = value === undefined ? "nothing" : typeof value;
  return new EngineError(
    `the session double's function ${name} returned ${given}, expected ${type}: objects are returned by their ids`,
  );
}

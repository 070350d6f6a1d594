/**
 * Reads errors of any library by their names, codes and fields. Classes are not checked, because a program
 * may contain several copies of an SDK.
 */

import type { FailureContext } from "../failure.js";
import { NO_FACTS, type StructuredFacts } from "./reading.js";
import { bothEnds } from "./text.js";

const MAX_CAUSES = 16;
const MAX_PATH = 64;

/** The content of an error: its text, its structured facts, and the output of a command. */
export interface ErrorContent {
  readonly text: string;
  readonly output: string;
  readonly facts: StructuredFacts;
  /**
   * The session's answer that the error carries: the status, and the body or the errors. Undefined if the
   * error carries no answer.
   */
  readonly response: { readonly status: number | undefined; readonly body: unknown } | undefined;
}

/** The parts of a failure's context that affect how its text is read. */
type WordingContext = Pick<FailureContext, "operation" | "source">;

/** Returns a property of any value. Returns undefined if the property is missing or its getter throws. */
export function readProperty(value: unknown, key: string): unknown {
  if ((typeof value !== "object" || value === null) && typeof value !== "function")
    return undefined;
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** Returns a property that is a text. Returns undefined for every other value. */
export function readString(value: unknown, key: string): string | undefined {
  const text = readProperty(value, key);
  return typeof text === "string" ? text : undefined;
}

/**
 * Returns a property that is a text, but only both ends of a long text. Returns undefined for every other
 * value.
 */
export function readText(value: unknown, key: string): string | undefined {
  const text = readString(value, key);
  return text === undefined ? undefined : bothEnds(text);
}

/** Returns a property that is a finite number. Returns undefined for every other value. */
export function readNumber(value: unknown, key: string): number | undefined {
  const number = readProperty(value, key);
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/**
 * Returns whether a value is an array. Returns false for a revoked proxy, for which `Array.isArray` throws.
 */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/**
 * Returns the first entries of an array, at most `limit`. Reads each entry by its index, because a caller may
 * have replaced the methods of the array.
 */
export function entriesOf(list: unknown, limit: number): unknown[] {
  if (!isArray(list)) return [];
  const length = Math.min(readNumber(list, "length") ?? 0, limit);
  const entries: unknown[] = [];
  for (let index = 0; index < length; index += 1) entries.push(readProperty(list, String(index)));
  return entries;
}

/** Returns an error and its causes, the outermost first, each once. The chain has at most sixteen entries. */
function causeChain(error: unknown): unknown[] {
  const chain: unknown[] = [];
  let current = error;
  while (
    current !== undefined &&
    current !== null &&
    chain.length < MAX_CAUSES &&
    !chain.includes(current)
  ) {
    chain.push(current);
    const [first] = entriesOf(readProperty(current, "errors"), 1);
    current =
      readProperty(current, "cause") ?? (readProperty(current, "extensions") ? undefined : first);
  }
  return chain;
}

/** Reads an error, a GraphQL error, a text or any other value. Never throws. */
export function readError(error: unknown, context: WordingContext): ErrorContent {
  if (typeof error === "string") {
    return {
      text: bothEnds(error),
      output: "",
      facts: withContext(NO_FACTS, context),
      response: undefined,
    };
  }
  const chain = causeChain(error);
  const extensions = firstOf(chain, (link) => readProperty(link, "extensions"));
  const path = firstOf(chain, readPath) ?? [];
  const facts: StructuredFacts = {
    names: textsOf(chain, "name"),
    codes: textsOf(chain, "code"),
    type: readText(extensions, "_type"),
    graphqlCode: readText(extensions, "code"),
    exitCode:
      firstOf(chain, (link) => readNumber(link, "exitCode")) ?? readNumber(extensions, "exitCode"),
    status: undefined,
    path,
    answered: path.length > 0,
    operation: operationOfPath(path),
    source: undefined,
  };
  const response = firstOf(chain, (link) => readProperty(link, "response"));
  const printed = (key: string) =>
    firstOf(chain, (link) => readText(link, key)) ?? readText(extensions, key) ?? "";
  return {
    text: wordsOf(chain, error),
    output: `${printed("stdout")}\n${printed("stderr")}`,
    facts: withContext(facts, context),
    response:
      response === undefined
        ? undefined
        : { status: readNumber(response, "status"), body: bodyOf(response) },
  };
}

/**
 * Returns the errors inside an aggregate error, except the first. The first one is already in the chain of
 * causes.
 */
export function otherErrors(error: unknown): unknown[] {
  return entriesOf(readProperty(error, "errors"), MAX_CAUSES).slice(1);
}

function bodyOf(response: unknown): unknown {
  const errors = readProperty(response, "errors");
  return entriesOf(errors, 1).length > 0 ? { errors } : readProperty(response, "body");
}

function wordsOf(chain: readonly unknown[], error: unknown): string {
  const texts: string[] = [];
  for (const link of chain) {
    const text = typeof link === "string" ? bothEnds(link) : readText(link, "message");
    if (text !== undefined && text !== "" && !texts.some((known) => known.includes(text)))
      texts.push(text);
  }
  if (texts.length > 0) return bothEnds(texts.join("\n"));
  return typeof error === "number" || typeof error === "boolean" || typeof error === "bigint"
    ? String(error)
    : "";
}

function textsOf(chain: readonly unknown[], key: string): string[] {
  const texts: string[] = [];
  for (const link of chain) {
    const text = readText(link, key);
    if (text !== undefined && !texts.includes(text)) texts.push(text);
  }
  return texts;
}

function firstOf<T>(
  chain: readonly unknown[],
  read: (link: unknown) => T | undefined,
): T | undefined {
  for (const link of chain) {
    const value = read(link);
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

function readPath(link: unknown): string[] | undefined {
  const path = readProperty(link, "path");
  if (!isArray(path)) return undefined;
  const names = entriesOf(path, MAX_PATH).filter((name) => typeof name === "string");
  return names.map((name) => name.slice(0, 256));
}

const OPERATIONS: Readonly<Record<string, string>> = {
  from: "from",
  publish: "publish",
  git: "git",
  http: "http",
  moduleSource: "module",
  withExec: "withExec",
  asService: "service",
  export: "export",
};

/**
 * Returns the operation of a GraphQL error. A root field such as `git` decides; otherwise the last name in
 * the path that is an operation, such as `from`.
 */
function operationOfPath(path: readonly string[]): string | undefined {
  if (path[0] === "git" || path[0] === "http" || path[0] === "moduleSource") {
    return OPERATIONS[path[0]];
  }
  const name = path.findLast((part) => Object.hasOwn(OPERATIONS, part));
  return name === undefined ? undefined : OPERATIONS[name];
}

function withContext(facts: StructuredFacts, context: WordingContext): StructuredFacts {
  return { ...facts, operation: context.operation ?? facts.operation, source: context.source };
}

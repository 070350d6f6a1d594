/** Runs one GraphQL request and returns the answer as it is sent. */

import { randomBytes } from "node:crypto";
import {
  type DocumentNode,
  execute,
  type GraphQLSchema,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from "graphql";
import type { Work } from "./engine/context.js";
import { EngineError, errorCode, systemErrorText } from "./faults/wire-errors.js";
import { planQuery, RejectedQuery } from "./query/query-plan.js";
import { type PlacedError, runFields } from "./query/query-run.js";
import type { GraphqlRequest } from "./query/request-body.js";
import { fieldResolver, QUERY } from "./resolve/index.js";

export interface Answer {
  /** Whether the query was rejected before anything ran. */
  readonly rejected: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Answers a request. Rejects only if the engine stops or the client is gone. */
export async function answer(
  work: Work,
  request: GraphqlRequest,
  traceId: string,
): Promise<Answer> {
  try {
    const plan = planQuery(request, work.engine);
    const errors: PlacedError[] = [];
    const own = plan.fields.filter((field) => !isIntrospection(field.name));
    const data = await runFields(own, "Query", QUERY, fieldResolver(work), errors);
    if (errors.length > 0) {
      return failed(errors.map((error) => onWire(error, work, traceId)));
    }
    if (own.length === plan.fields.length) return { rejected: false, body: { data } };
    return {
      rejected: false,
      body: {
        data: { ...(await introspect(plan.document, request, work.engine.schema)), ...data },
      },
    };
  } catch (error) {
    if (!(error instanceof RejectedQuery)) throw error;
    return { rejected: error.byProtocol, body: { errors: error.errors, data: null } };
  }
}

function failed(errors: readonly Readonly<Record<string, unknown>>[]): Answer {
  return { rejected: false, body: { errors, data: null } };
}

function onWire(
  { path, error }: PlacedError,
  { engine, session }: Work,
  traceId: string,
): Readonly<Record<string, unknown>> {
  const known = error instanceof EngineError ? error : systemError(error);
  const namesSpan = known.traced || engine.isOld || session.located.has(known);
  const unknown = `${traceId}-${randomBytes(8).toString("hex")}`;
  const origin = known.origin ?? (namesSpan && (session.located.get(known) ?? unknown));
  const ending = origin ? ` [traceparent:${origin}]` : "";
  const { extensions } = known;
  return { message: known.message + ending, path, ...(extensions && { extensions }) };
}

/** Returns Go's message for a system call that failed in a step. Throws any other error again. */
function systemError(error: unknown): EngineError {
  // Node rejects an argument with a zero byte before the system gets it.
  if (errorCode(error) === "ERR_INVALID_ARG_VALUE") return new EngineError("invalid argument");
  const { syscall, path = "" } = error as { syscall?: string; path?: string };
  if (syscall === undefined) throw error;
  return new EngineError(`${syscall} ${path}: ${systemErrorText(error)}`, { traced: true });
}

function isIntrospection(field: string): boolean {
  return field === "__schema" || field === "__type";
}

/** Answers a query about the schema, with the GraphQL library. */
async function introspect(
  document: DocumentNode,
  request: GraphqlRequest,
  schema: GraphQLSchema,
): Promise<Readonly<Record<string, unknown>>> {
  const types = new TypeInfo(schema);
  const onlyIntrospection = visit(
    document,
    visitWithTypeInfo(types, {
      Field: ({ name }) => {
        const isRoot = types.getParentType() === schema.getQueryType();
        return isRoot && !isIntrospection(name.value) ? null : undefined;
      },
    }),
  );
  const result = await execute({
    schema,
    document: onlyIntrospection,
    operationName: request.operationName,
    variableValues: request.variables,
  });
  return result.data ?? {};
}

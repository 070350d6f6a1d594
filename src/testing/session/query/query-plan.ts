/** Turns a GraphQL query into a plan: fields with their arguments. Invalid queries are rejected. */

import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  specifiedRules,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  ValuesOfCorrectTypeRule,
  validate,
  valueFromASTUntyped,
} from "graphql";
import { readArguments } from "./query-arguments.js";
import type { GraphqlRequest } from "./request-body.js";
import { unsupportedText } from "./unsupported-names.js";

/** One field to resolve. */
export interface PlannedField {
  /** The name of the value in the answer: the alias, or the name of the field. */
  readonly key: string;
  readonly name: string;
  readonly type: GraphQLOutputType;
  readonly args: Readonly<Record<string, unknown>>;
  /** The arguments in the order of the query. */
  readonly given: readonly GivenArgument[];
  /** The selected fields inside, by the type of the value. */
  readonly selections: ReadonlyMap<string, readonly PlannedField[]>;
}

/** An argument in the query. */
export interface GivenArgument {
  readonly name: string;
  /** Whether the value is a name of an enum, not a text. */
  readonly isEnum: boolean;
}

export interface QueryPlan {
  readonly document: DocumentNode;
  readonly fields: readonly PlannedField[];
}

/** The error for a query that is rejected before anything runs. */
export class RejectedQuery extends Error {
  override readonly name = "RejectedQuery";
  readonly errors: readonly Readonly<Record<string, unknown>>[];
  /** True if the query breaks a rule of GraphQL (status 422). False if only an argument is invalid (200). */
  readonly byProtocol: boolean;

  constructor(errors: readonly Readonly<Record<string, unknown>>[], byProtocol: boolean) {
    super("the query was rejected");
    this.errors = errors;
    this.byProtocol = byProtocol;
  }
}

interface Planning {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly query: string;
  readonly isOld: boolean;
  readonly schema: GraphQLSchema;
}

/** Turns a query into a plan. Throws a RejectedQuery. */
export function planQuery(
  request: GraphqlRequest,
  engine: { readonly isOld: boolean; readonly isOne: boolean; readonly schema: GraphQLSchema },
): QueryPlan {
  const { isOld, isOne, schema } = engine;
  const document = parseQuery(request.query);
  const rules = specifiedRules.filter((rule) => rule !== ValuesOfCorrectTypeRule);
  const problems = validate(schema, document, rules);
  if (problems.length > 0) {
    throw new RejectedQuery(
      problems.map((problem) =>
        isOne && LOADER_UNKNOWN.test(problem.message)
          ? { ...rejection(problem, "GRAPHQL_VALIDATION_FAILED"), message: firstSentence(problem) }
          : rejection(problem, "GRAPHQL_VALIDATION_FAILED"),
      ),
      true,
    );
  }
  const operation = getOperationAST(document, request.operationName);
  if (operation === null || operation === undefined) throw noOperation();
  if (operation.operation !== "query") throw unsupported(operation);
  const planning: Planning = {
    fragments: new Map(
      document.definitions
        .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
        .map((definition) => [definition.name.value, definition]),
    ),
    variables: withDefaults(operation, request.variables),
    query: request.query,
    isOld,
    schema,
  };
  return { document, fields: planSelections([operation.selectionSet], "Query", planning) };
}

/** Matches `load...FromID`, which 1.0 does not have either. So it is not a missing feature of the double. */
const LOADER_UNKNOWN = /^Cannot query field "load\w+FromID" on type "Query"/;

/** Removes the GraphQL library's suggestion of another name from an error. */
function firstSentence({ message }: GraphQLError): string {
  return message.replace(/ Did you mean .*$/, "");
}

function parseQuery(query: string): DocumentNode {
  if (query.trim() === "") throw noOperation();
  try {
    return parse(query);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    throw new RejectedQuery([rejection(error, "GRAPHQL_PARSE_FAILED")], true);
  }
}

/** Returns the rejection of a request without an operation. */
export function noOperation(): RejectedQuery {
  const extensions = { code: "GRAPHQL_VALIDATION_FAILED" };
  return new RejectedQuery([{ message: "no operation provided", extensions }], true);
}

function rejection(error: GraphQLError, code: string): Readonly<Record<string, unknown>> {
  const message =
    code === "GRAPHQL_PARSE_FAILED"
      ? error.message.replace(/^Syntax Error: /, "").replace(/\.$/, "")
      : (unsupportedText(error.message) ?? error.message);
  const locations = error.locations?.slice(0, 1);
  return { message, ...(locations && { locations }), extensions: { code } };
}

function unsupported(operation: OperationDefinitionNode): RejectedQuery {
  const message = `Schema does not support operation type "${operation.operation}"`;
  const error = new GraphQLError(message, { nodes: operation });
  return new RejectedQuery([rejection(error, "GRAPHQL_VALIDATION_FAILED")], true);
}

function withDefaults(
  operation: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const defaults = (operation.variableDefinitions ?? []).flatMap((definition) => {
    const { defaultValue } = definition;
    return defaultValue === undefined
      ? []
      : [[definition.variable.name.value, valueFromASTUntyped(defaultValue)] as const];
  });
  return { ...Object.fromEntries(defaults), ...given };
}

function planSelections(
  sets: readonly SelectionSetNode[],
  typeName: string,
  planning: Planning,
): PlannedField[] {
  const byKey = new Map<string, FieldNode[]>();
  for (const set of sets) collectFields(set, typeName, planning, byKey);
  return [...byKey.values()].map((nodes) => planField(nodes, typeName, planning));
}

function collectFields(
  set: SelectionSetNode,
  typeName: string,
  planning: Planning,
  byKey: Map<string, FieldNode[]>,
): void {
  for (const selection of set.selections) {
    if (!isIncluded(selection.directives ?? [], planning)) continue;
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value;
      byKey.set(key, [...(byKey.get(key) ?? []), selection]);
      continue;
    }
    const fragment =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection
        : planning.fragments.get(selection.name.value);
    if (fragment === undefined) continue;
    if (!appliesTo(fragment.typeCondition?.name.value, typeName, planning.schema)) continue;
    collectFields(fragment.selectionSet, typeName, planning, byKey);
  }
}

function isIncluded(directives: NonNullable<FieldNode["directives"]>, planning: Planning): boolean {
  return directives.every((directive) => {
    const value = directive.arguments?.[0]?.value;
    if (value === undefined) return true;
    const condition = Boolean(valueFromASTUntyped(value, planning.variables));
    return directive.name.value === "skip" ? !condition : condition;
  });
}

function appliesTo(
  condition: string | undefined,
  typeName: string,
  schema: GraphQLSchema,
): boolean {
  if (condition === undefined || condition === typeName) return true;
  const type = schema.getType(condition);
  const object = schema.getType(typeName);
  return isAbstractType(type) && isObjectType(object) && schema.isSubType(type, object);
}

const META_FIELDS = [TypeNameMetaFieldDef, SchemaMetaFieldDef, TypeMetaFieldDef];

function fieldOf(
  type: GraphQLObjectType,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  return type.getFields()[name] ?? META_FIELDS.find((field) => field.name === name);
}

function planField(
  nodes: readonly FieldNode[],
  typeName: string,
  planning: Planning,
): PlannedField {
  const [node] = nodes;
  if (node === undefined) throw new Error("a field without a node");
  const { schema } = planning;
  const name = node.name.value;
  const parent = schema.getType(typeName);
  const definition = isObjectType(parent) ? fieldOf(parent, name) : undefined;
  if (definition === undefined) throw new Error(`no field ${name} on ${typeName}`);
  const type = getNamedType(definition.type);
  const sets = nodes.flatMap((field) => (field.selectionSet ? [field.selectionSet] : []));
  const selections = new Map<string, readonly PlannedField[]>();
  // For introspection, the GraphQL library runs the selections itself.
  if (isCompositeType(type) && !type.name.startsWith("__")) {
    const possible = isAbstractType(type) ? schema.getPossibleTypes(type) : [type];
    for (const { name: possibleName } of possible) {
      selections.set(possibleName, planSelections(sets, possibleName, planning));
    }
  }
  const read = readArguments(definition, node, planning.variables, planning.isOld);
  if ("problem" in read) {
    const message = `query:\n${planning.query}\n\nerror: parse selections: parse field "${name}": ${read.problem}`;
    throw new RejectedQuery([{ message }], false);
  }
  return {
    key: node.alias?.value ?? name,
    name,
    type: definition.type,
    args: read.args,
    given: givenArguments(definition, node),
    selections,
  };
}

function givenArguments(
  definition: GraphQLField<unknown, unknown>,
  node: FieldNode,
): readonly GivenArgument[] {
  return (node.arguments ?? []).map(({ name: { value: name } }) => {
    const argument = definition.args.find((known) => known.name === name);
    return { name, isEnum: argument !== undefined && isEnumType(getNamedType(argument.type)) };
  });
}

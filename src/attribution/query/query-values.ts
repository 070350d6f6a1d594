/** Reads the arguments of a GraphQL request, with variables and their defaults resolved. */

import {
  Kind,
  type OperationDefinitionNode,
  print,
  type ValueNode,
} from "graphql/language/index.js";

/** The values of one request. */
export class QueryValues {
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #defaults = new Map<string, ValueNode>();

  constructor(variables: Readonly<Record<string, unknown>>) {
    this.#variables = variables;
  }

  /** Keeps the defaults of an operation's variables. */
  keepDefaults({ variableDefinitions = [] }: OperationDefinitionNode): void {
    for (const { variable, defaultValue } of variableDefinitions) {
      if (defaultValue !== undefined) this.#defaults.set(variable.name.value, defaultValue);
    }
  }

  /** Returns a value as text; undefined if it is not a text. */
  text(value: ValueNode | undefined): string | undefined {
    if (value?.kind === Kind.STRING) return value.value;
    if (value?.kind !== Kind.VARIABLE) return undefined;
    const given = this.#given(value.name.value);
    if (typeof given === "string") return given;
    const absent = this.#defaults.get(value.name.value);
    return absent?.kind === Kind.STRING ? absent.value : undefined;
  }

  /** Returns a value as one line: the same for an inline value and a variable. */
  line(value: ValueNode): string {
    if (value.kind === Kind.STRING) return JSON.stringify(value.value);
    if (value.kind === Kind.LIST) return `[${value.values.map((one) => this.line(one)).join()}]`;
    if (value.kind === Kind.OBJECT) {
      const fields = value.fields.map(
        (one) => `${JSON.stringify(one.name.value)}:${this.line(one.value)}`,
      );
      return `{${fields.join()}}`;
    }
    if (value.kind !== Kind.VARIABLE) return print(value);
    const given = this.#given(value.name.value);
    if (given !== undefined) return JSON.stringify(given) ?? "";
    const absent = this.#defaults.get(value.name.value);
    return absent === undefined ? "null" : this.line(absent);
  }

  /** Adds every text in a value to `texts`, including those in lists, objects and variables. */
  addTexts(value: ValueNode, texts: Set<string>): void {
    if (value.kind === Kind.STRING) texts.add(value.value);
    else if (value.kind === Kind.LIST) for (const one of value.values) this.addTexts(one, texts);
    else if (value.kind === Kind.OBJECT) {
      for (const one of value.fields) this.addTexts(one.value, texts);
    } else if (value.kind === Kind.VARIABLE) {
      const given = this.#given(value.name.value);
      const absent = this.#defaults.get(value.name.value);
      if (given !== undefined) addTextsOf(given, texts);
      else if (absent !== undefined) this.addTexts(absent, texts);
    }
  }

  #given(name: string): unknown {
    return Object.hasOwn(this.#variables, name) ? this.#variables[name] : undefined;
  }
}

/**
 * Adds every text in a JSON value. It does not recurse, so that a deep value cannot overflow the
 * stack.
 */
function addTextsOf(given: unknown, texts: Set<string>): void {
  const stack: unknown[] = [given];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value === "string") texts.add(value);
    else if (typeof value === "object" && value !== null) {
      for (const one of Object.values(value)) stack.push(one);
    }
  }
}

/** What the resolvers of one type look like. */

import type { Work } from "../engine/context.js";
import { EngineError } from "../faults/wire-errors.js";

/** Resolvers by field name. */
export type TypeResolvers<Parent> = Readonly<
  Record<string, (parent: Parent, args: Arguments, work: Work) => unknown>
>;

/** Arguments that were read by the schema, so their types are right already. */
export class Arguments {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** A text. */
  text(name: string): string {
    return String(this.#values[name]);
  }

  /** A text that may be missing. */
  optionalText(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  /** A list of texts. */
  texts(name: string): readonly string[] {
    return (this.#values[name] ?? []) as readonly string[];
  }

  /** A number that may be missing. */
  optionalNumber(name: string): number | undefined {
    const value = this.#values[name];
    return typeof value === "number" ? value : undefined;
  }

  /** Whether something is wanted. */
  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** An object that came by its id, of whatever type. */
  any(name: string): unknown {
    return this.#values[name];
  }

  /** An object that came by its id. */
  object<V extends { readonly typeName: string }>(name: string, typeName: V["typeName"]): V {
    return this.#checked(name, this.#values[name] as V, typeName);
  }

  /** Objects that came by their ids. */
  objects<V extends { readonly typeName: string }>(
    name: string,
    typeName: V["typeName"],
  ): readonly V[] {
    return (this.#values[name] as readonly V[]).map((value) => {
      return this.#checked(name, value, typeName);
    });
  }

  #checked<V extends { readonly typeName: string }>(
    name: string,
    value: V,
    typeName: V["typeName"],
  ): V {
    if (value.typeName !== typeName) {
      throw new EngineError(
        `arg "${name}": resolve ID input: expected ${typeName}, got ${value.typeName}`,
      );
    }
    return value;
  }
}

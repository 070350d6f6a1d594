/** The form of resolvers: for each type, a function per field. */

import { EngineError } from "../faults/wire-errors.js";
import type { Filter } from "../files/globs.js";
import type { Work } from "./context.js";

/** The resolvers of one type, by field name. */
export type TypeResolvers<Parent> = Readonly<
  Record<string, (parent: Parent, args: Arguments, work: Work) => unknown>
>;

/** The arguments of a field. The schema has already checked their types. */
export class Arguments {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  text(name: string): string {
    return String(this.#values[name]);
  }

  optionalText(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  texts(name: string): readonly string[] {
    return (this.#values[name] ?? []) as readonly string[];
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#values[name];
    return typeof value === "number" ? value : undefined;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** Returns the patterns in the arguments `include` and `exclude`. A field without them takes all. */
  filter(): Filter {
    return { include: this.texts("include"), exclude: this.texts("exclude") };
  }

  /** Returns an object of any type that was given by its id. */
  any(name: string): unknown {
    return this.#values[name];
  }

  /** Returns an object of one type that was given by its id. */
  object<V extends { readonly typeName: string }>(name: string, typeName: V["typeName"]): V {
    return this.#checked(name, this.#values[name] as V, typeName);
  }

  /** Returns a list of objects that were given by their ids. */
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

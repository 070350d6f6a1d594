/** Parses a GraphQL request: the upstreams that it names, the ids that it uses, and its side effects. */

import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  Kind,
  parse,
  print,
  type SelectionSetNode,
  type ValueNode,
} from "graphql/language/index.js";
import type { GraphQLRequest } from "../failure.js";
import { gitUpstream, httpUpstream, imageUpstream, type UpstreamOfText } from "../hosts.js";
import {
  CONTENT_FIELDS,
  CORE_FIELDS,
  EFFECT_FIELDS,
  GIT_ADDRESS_FIELDS,
  ID_FIELDS,
  INTROSPECTION_FIELDS,
  LAYER_FIELDS,
  LOAD_FIELD,
} from "./dagger-fields.js";
import type { NamedImage, NamedUpstream, ReadRequest, SideEffect } from "./named-upstream.js";

/** The maximum length of a request that is parsed, in characters. A longer request names no upstream. */
export const MAX_QUERY_LENGTH = 4 * 1024 * 1024;

const MAX_TOKENS = 200_000;

/** The facts of a request that cannot be parsed. */
const NOTHING: Omit<ReadRequest, "request" | "source"> = {
  named: [],
  texts: new Set(),
  idKeys: new Set(),
  usesContents: false,
  sideEffects: new Set(),
  introspects: false,
  rootField: undefined,
};

/**
 * Parses a request. For a text that is not GraphQL, or longer than {@link MAX_QUERY_LENGTH}, the result names
 * no upstream. Never throws.
 *
 * @param withPlaces Whether to record the positions of addresses, for a rewrite. Recording slows parsing down.
 */
export function readRequest(request: string | GraphQLRequest, withPlaces = false): ReadRequest {
  const given = typeof request === "string" ? { query: request } : request;
  try {
    const { query, variables, operationName }: GraphQLRequest = given;
    if (typeof query === "string" && query.length <= MAX_QUERY_LENGTH) {
      const document = parse(query, { noLocation: !withPlaces, maxTokens: MAX_TOKENS });
      const read = new Walk(document, variables ?? {}).read(operationName ?? undefined);
      return { request: given, source: query, ...read };
    }
  } catch {
    // The text is not GraphQL. The session itself will reject the request.
  }
  return { request: given, source: "", ...NOTHING };
}

/** The facts about a field that its enclosing fields determine. */
interface Place {
  readonly root: boolean;
  /** The platform of the enclosing `container`. On another platform, the same tag means another image. */
  readonly platform: string;
  /** Whether an enclosing field needs the layers of the image, as `withExec` does. */
  readonly layers: boolean;
}

const ROOT: Place = { root: true, platform: "", layers: false };
const BELOW: Place = { root: false, platform: "", layers: false };

/** Walks once over a document. Recursion is safe, because the parser rejects documents with deep nesting. */
class Walk {
  readonly #document: DocumentNode;
  readonly #variables: Readonly<Record<string, unknown>>;
  readonly #defaults = new Map<string, ValueNode>();
  readonly #named = new Map<string, NamedUpstream>();
  readonly #texts = new Set<string>();
  // Created at the first entry, because most requests have no entry.
  #idKeys: Set<string> | undefined;
  #sideEffects: Set<SideEffect> | undefined;
  /** The names of the fields from the root to the current field. */
  readonly #path: string[] = [];
  #rootField: string | undefined;
  #usesContents = false;
  #introspects = true;

  constructor(document: DocumentNode, variables: Readonly<Record<string, unknown>>) {
    this.#document = document;
    this.#variables = variables;
  }

  read(operationName: string | undefined): typeof NOTHING {
    for (const definition of this.#document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) {
        const root = definition.typeCondition.name.value === "Query";
        this.#walk(definition.selectionSet, root ? ROOT : BELOW);
      } else if (
        definition.kind === Kind.OPERATION_DEFINITION &&
        (operationName === undefined || definition.name?.value === operationName)
      ) {
        for (const { variable, defaultValue } of definition.variableDefinitions ?? []) {
          if (defaultValue !== undefined) this.#defaults.set(variable.name.value, defaultValue);
        }
        this.#walk(definition.selectionSet, ROOT);
      }
    }
    return {
      named: [...this.#named.values()],
      texts: this.#texts,
      idKeys: this.#idKeys ?? NOTHING.idKeys,
      usesContents: this.#usesContents,
      sideEffects: this.#sideEffects ?? NOTHING.sideEffects,
      introspects: this.#introspects,
      rootField: this.#rootField,
    };
  }

  #walk({ selections }: SelectionSetNode, place: Place): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        this.#path.push(selection.name.value);
        const inner = this.#readField(selection, place);
        if (selection.selectionSet !== undefined) this.#walk(selection.selectionSet, inner);
        this.#path.pop();
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        this.#walk(selection.selectionSet, place);
      }
    }
  }

  #readField(field: FieldNode, place: Place): Place {
    const name = field.name.value;
    if (place.root) this.#rootField ??= name;
    for (const { value } of field.arguments ?? []) this.#addTexts(value);
    this.#readEffects(name, place.root);
    const inner = this.#below(field, place);
    this.#readUpstream(field, place.root, inner.platform);
    if (ID_FIELDS.has(name)) this.#idKeys = withOne(this.#idKeys, field.alias?.value ?? name);
    if (CONTENT_FIELDS.has(name) && (inner.layers || name !== "sync")) this.#usesContents = true;
    return inner;
  }

  /** Returns the place for the fields inside a field. */
  #below(field: FieldNode, { platform, layers }: Place): Place {
    const name = field.name.value;
    const own = name === "container" ? argument(field, "platform")?.value : undefined;
    const asked = own === undefined ? platform : this.#line(own);
    const needed = layers || LAYER_FIELDS.has(name);
    if (asked === "" && !needed) return BELOW;
    return { root: false, platform: asked, layers: needed };
  }

  #readEffects(name: string, root: boolean): void {
    if (root) {
      if (!INTROSPECTION_FIELDS.has(name)) this.#introspects = false;
      if (CORE_FIELDS.has(name) || LOAD_FIELD.test(name)) return;
    }
    const effect = root ? "module" : EFFECT_FIELDS.get(name);
    if (effect !== undefined) this.#sideEffects = withOne(this.#sideEffects, effect);
  }

  /**
   * Adds a field's upstream. Below the root, a field such as `git` may belong to a module, so only `from` and
   * `publish` count.
   */
  #readUpstream(field: FieldNode, root: boolean, platform: string): void {
    const name = field.name.value;
    if (!root) {
      if (name === "from" || name === "publish") this.#addImage(field, platform);
    } else if (name === "git") this.#addGit(field, "url");
    else if (name === "moduleSource") this.#addGit(field, "refString");
    else if (name === "address") this.#addAddress(field);
    else if (name === "http" && !this.#has(field, "experimentalServiceHost")) {
      this.#add(field, httpUpstream(name, this.#text(field, "url") ?? ""));
    }
  }

  /** Adds an image. The address is at the end of the key, so that a rewrite can replace only the address. */
  #addImage(field: FieldNode, platform: string): void {
    const address = this.#text(field, "address");
    const found = address === undefined ? undefined : imageUpstream(field.name.value, address);
    if (found === undefined || this.#has(field, "registryService")) return;
    const key = `${this.#call(field, "address")}\n${platform}\n${address}`;
    const isFrom = field.name.value === "from";
    const image = isFrom ? this.#image(field, key, address as string, platform) : undefined;
    this.#named.set(key, { ...found, key, path: [...this.#path], image });
  }

  #image(field: FieldNode, key: string, address: string, platform: string): NamedImage {
    const written = argument(field, "address")?.value;
    const place = written?.kind === Kind.STRING ? written.loc : undefined;
    const known = this.#named.get(key);
    const others = known === undefined ? [] : known.image?.places;
    const noLock = argument(field, "noLock")?.value;
    return {
      address,
      platform: platform.replace(/^"(.*)"$/, "$1"),
      noLock: noLock !== undefined && this.#line(noLock) === "true",
      places: place && others && [...others, { start: place.start, end: place.end }],
    };
  }

  #addGit(field: FieldNode, from: string): void {
    const remote = this.#text(field, from) ?? "";
    const isPath = field.name.value === "moduleSource" && LOCAL_PATH.test(remote);
    if (isPath || this.#has(field, "experimentalServiceHost")) return;
    this.#add(field, gitUpstream(field.name.value, remote), this.#refOf(field));
  }

  #addAddress(field: FieldNode): void {
    const value = this.#text(field, "value");
    if (value === undefined || LOCAL_PATH.test(value)) return;
    const asked = field.selectionSet?.selections.map((one) =>
      one.kind === Kind.FIELD ? one.name.value : "",
    );
    if (asked?.includes("container")) this.#add(field, imageUpstream("address", value));
    const isGit = asked?.some((name) => GIT_ADDRESS_FIELDS.has(name));
    if (isGit) this.#add(field, gitUpstream("address", value), this.#refOf(field));
  }

  #add(field: FieldNode, found: UpstreamOfText | undefined, detail = ""): void {
    if (found === undefined) return;
    const key = `${this.#call(field)}\n${detail}`;
    this.#named.set(key, { ...found, key, path: [...this.#path] });
  }

  #has(field: FieldNode, name: string): boolean {
    const value = argument(field, name)?.value;
    return value !== undefined && value.kind !== Kind.NULL;
  }

  /** Returns the name and arguments of a field as a text, except the argument that `without` names. */
  #call({ name, arguments: given = [] }: FieldNode, without?: string): string {
    let call = name.value;
    for (const one of given) {
      if (one.name.value !== without) call += ` ${one.name.value}: ${this.#line(one.value)}`;
    }
    return call;
  }

  /** Returns the selected ref of a git remote, such as `branch name: "main"`. Each ref is fetched separately. */
  #refOf(field: FieldNode): string {
    const asked = field.selectionSet?.selections[0];
    return asked?.kind === Kind.FIELD ? this.#call(asked) : "";
  }

  /** Returns the text of an argument or of its variable. Returns undefined if the value is not a text. */
  #text(field: FieldNode, name: string): string | undefined {
    const value = argument(field, name)?.value;
    if (value?.kind === Kind.STRING) return value.value;
    if (value?.kind !== Kind.VARIABLE) return undefined;
    const given = this.#given(value.name.value);
    if (typeof given === "string") return given;
    const absent = this.#defaults.get(value.name.value);
    return absent?.kind === Kind.STRING ? absent.value : undefined;
  }

  /** Returns a value as one line. A literal and a variable with the same value give the same line. */
  #line(value: ValueNode): string {
    if (value.kind === Kind.STRING) return JSON.stringify(value.value);
    if (value.kind === Kind.LIST) return `[${value.values.map((one) => this.#line(one)).join()}]`;
    if (value.kind === Kind.OBJECT) {
      const fields = value.fields.map(
        (one) => `${JSON.stringify(one.name.value)}:${this.#line(one.value)}`,
      );
      return `{${fields.join()}}`;
    }
    if (value.kind !== Kind.VARIABLE) return print(value);
    const given = this.#given(value.name.value);
    if (given !== undefined) return JSON.stringify(given) ?? "";
    const absent = this.#defaults.get(value.name.value);
    return absent === undefined ? "null" : this.#line(absent);
  }

  /** Adds every text in a value, including texts in lists, objects and variables. */
  #addTexts(value: ValueNode): void {
    if (value.kind === Kind.STRING) this.#texts.add(value.value);
    else if (value.kind === Kind.LIST) for (const one of value.values) this.#addTexts(one);
    else if (value.kind === Kind.OBJECT) for (const one of value.fields) this.#addTexts(one.value);
    else if (value.kind === Kind.VARIABLE) {
      const given = this.#given(value.name.value);
      const absent = this.#defaults.get(value.name.value);
      if (given !== undefined) this.#addTextsOf(given);
      else if (absent !== undefined) this.#addTexts(absent);
    }
  }

  /** Adds every text in a JSON value. Uses no recursion, because variables can be nested to any depth. */
  #addTextsOf(given: unknown): void {
    const stack: unknown[] = [given];
    while (stack.length > 0) {
      const value = stack.pop();
      if (typeof value === "string") this.#texts.add(value);
      else if (typeof value === "object" && value !== null) {
        for (const one of Object.values(value)) stack.push(one);
      }
    }
  }

  #given(name: string): unknown {
    return Object.hasOwn(this.#variables, name) ? this.#variables[name] : undefined;
  }
}

/** Matches the start of a path on the caller's own machine. */
const LOCAL_PATH = /^[./~]/;

function argument(field: FieldNode, name: string): ArgumentNode | undefined {
  return field.arguments?.find((one) => one.name.value === name);
}

function withOne<T>(set: Set<T> | undefined, value: T): Set<T> {
  return (set ?? new Set<T>()).add(value);
}

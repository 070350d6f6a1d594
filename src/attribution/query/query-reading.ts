/** Reads a GraphQL request once: the upstreams it names, the ids it quotes, and its effects. */

import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  Kind,
  parse,
  type SelectionSetNode,
} from "graphql/language/index.js";
import type { GraphQLRequest, UpstreamKind } from "../failure.js";
import { gitHost, parseImageReference, parseUrl, plainRemote } from "../hosts.js";
import {
  CONTENT_FIELDS,
  ID_FIELDS,
  INTROSPECTION_FIELDS,
  isFunctionField,
  LAYER_FIELDS,
} from "./dagger-fields.js";
import { QueryValues } from "./query-values.js";

/** A host that a request names, with the field that names it. */
export interface UpstreamReference {
  readonly kind: UpstreamKind;
  /** The host, with a port that is not the default; `docker.io` in any spelling. */
  readonly host: string;
  /** The GraphQL field that names it: `from`, `publish`, `git`, `http`, `moduleSource`, `address`. */
  readonly field: string;
  /** The image, URL or remote, without credentials and without its query string. */
  readonly reference: string;
  /** Whether it is an image by digest, which the engine may already have. */
  readonly pinned: boolean;
}

/** A reference in its use by one request. */
export interface NamedUpstream {
  readonly upstream: UpstreamReference;
  /**
   * A key for what the engine resolves once per session: the field with its arguments, the platform
   * of an image, the ref of a git remote. It contains values of the request and must not be shown.
   */
  readonly key: string;
  /** The names of the fields down to the one that names it, like the `path` of an error. */
  readonly path: readonly string[];
  /** The image, if the field is `from`. */
  readonly image?: NamedImage | undefined;
}

/** An image as `from` requests it. */
export interface NamedImage {
  readonly address: string;
  /** The requested platform; empty for the engine's own. */
  readonly platform: string;
  /** Whether the request makes the engine ignore its lock file. */
  readonly noLock: boolean;
}

/** An effect of a request besides reading. */
export type SideEffect = "publish" | "export" | "service" | "module";

/** Facts about a request from its text alone. */
export interface QueryReading {
  readonly named: readonly NamedUpstream[];
  /** Every text among its arguments, including the ids of earlier requests. */
  readonly texts: ReadonlySet<string>;
  /** The keys of its answer that contain ids. */
  readonly idKeys: ReadonlySet<string>;
  /**
   * Whether it uses the contents of what it names: it runs a command, reads a file or lists a
   * folder.
   */
  readonly usesContents: boolean;
  readonly sideEffects: ReadonlySet<SideEffect>;
  /** Whether it requests only the version or the schema. */
  readonly introspects: boolean;
  /** The name of its first field; undefined if it has none. */
  readonly rootField: string | undefined;
}

/** The longest request that is read, in characters. A longer one counts as naming nothing. */
export const MAX_QUERY_LENGTH = 4 * 1024 * 1024;

const MAX_TOKENS = 200_000;

const NOTHING: QueryReading = {
  named: [],
  texts: new Set(),
  idKeys: new Set(),
  usesContents: false,
  sideEffects: new Set(),
  introspects: false,
  rootField: undefined,
};

/**
 * Reads a request. A text that is not GraphQL, or is longer than {@link MAX_QUERY_LENGTH}, counts
 * as naming and doing nothing. It never throws.
 */
export function readQuery(request: string | GraphQLRequest): QueryReading {
  try {
    const given = typeof request === "string" ? { query: request } : request;
    const { query, variables, operationName }: GraphQLRequest = given;
    if (typeof query !== "string" || query.length > MAX_QUERY_LENGTH) return NOTHING;
    const document = parse(query, { noLocation: true, maxTokens: MAX_TOKENS });
    return new Walk(document, variables ?? {}).read(operationName ?? undefined);
  } catch {
    return NOTHING;
  }
}

/** A position in the document: facts that hold for all sibling fields. */
interface Place {
  readonly root: boolean;
  /** The platform from a field above, which makes another image of the same tag. */
  readonly platform: string;
  /** Whether a read here needs the layers of an image. */
  readonly layers: boolean;
}

const ROOT: Place = { root: true, platform: "", layers: false };
const BELOW: Place = { root: false, platform: "", layers: false };

/**
 * One walk over a document. A document too deep for the walk is too deep for the parser as well.
 */
class Walk {
  readonly #document: DocumentNode;
  readonly #values: QueryValues;
  readonly #named = new Map<string, NamedUpstream>();
  readonly #texts = new Set<string>();
  readonly #idKeys = new Set<string>();
  readonly #sideEffects = new Set<SideEffect>();
  /** The names of the fields down to the current one. */
  readonly #path: string[] = [];
  #rootField: string | undefined;
  #usesContents = false;
  #introspects = true;

  constructor(document: DocumentNode, variables: Readonly<Record<string, unknown>>) {
    this.#document = document;
    this.#values = new QueryValues(variables);
  }

  read(operationName: string | undefined): QueryReading {
    for (const definition of this.#document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) {
        const root = definition.typeCondition.name.value === "Query";
        this.#walk(definition.selectionSet, root ? ROOT : BELOW);
      } else if (
        definition.kind === Kind.OPERATION_DEFINITION &&
        (operationName === undefined || definition.name?.value === operationName)
      ) {
        this.#values.keepDefaults(definition);
        this.#walk(definition.selectionSet, ROOT);
      }
    }
    return {
      named: [...this.#named.values()],
      texts: this.#texts,
      idKeys: this.#idKeys,
      usesContents: this.#usesContents,
      sideEffects: this.#sideEffects,
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

  /** Root fields are Dagger's own; below, the same names may be functions of a module. */
  #readField(field: FieldNode, place: Place): Place {
    const name = field.name.value;
    const { root } = place;
    if (root) this.#rootField ??= name;
    for (const { value } of field.arguments ?? []) this.#values.addTexts(value, this.#texts);
    this.#readEffects(name, root);
    const inner = this.#below(field, place);
    if (!root && (name === "from" || name === "publish")) {
      this.#addImage(name, this.#text(field, "address"), field, inner.platform);
    } else if (root && name === "git") {
      this.#addGit(name, this.#text(field, "url"), field);
    } else if (root && name === "http") {
      this.#addHttp(this.#text(field, "url"), field);
    } else if (root && name === "moduleSource") {
      this.#addModule(this.#text(field, "refString"), field);
    } else if (root && name === "address") {
      this.#addAddress(this.#text(field, "value"), field);
    }
    if (ID_FIELDS.has(name)) this.#idKeys.add(field.alias?.value ?? name);
    if (CONTENT_FIELDS.has(name) && (inner.layers || name !== "sync")) this.#usesContents = true;
    return inner;
  }

  /** Returns the position of the fields below a field. */
  #below(field: FieldNode, { platform, layers }: Place): Place {
    const name = field.name.value;
    const own = name === "container" ? this.#argument(field, "platform")?.value : undefined;
    const asked = own === undefined ? platform : this.#values.line(own);
    const needed = layers || LAYER_FIELDS.has(name);
    if (asked === "" && !needed) return BELOW;
    return { root: false, platform: asked, layers: needed };
  }

  #readEffects(name: string, root: boolean): void {
    if (root && !INTROSPECTION_FIELDS.has(name)) this.#introspects = false;
    if (root && isFunctionField(name)) {
      this.#sideEffects.add("module");
    }
    if (root) return;
    if (name === "publish") this.#sideEffects.add("publish");
    if (name === "export" || name === "exportImage") this.#sideEffects.add("export");
    if (name === "up" || name === "start") this.#sideEffects.add("service");
  }

  #addImage(name: string, address: string | undefined, field: FieldNode, platform = ""): void {
    const image = address === undefined ? undefined : parseImageReference(address);
    if (image === undefined || this.#has(field, "registryService")) return;
    const { host, reference, pinned } = image;
    const asked = platform.replace(/^"(.*)"$/, "$1");
    const written =
      name === "from" && address !== undefined
        ? { address, platform: asked, noLock: this.#isTrue(field, "noLock") }
        : undefined;
    this.#add({ kind: "registry", host, field: name, reference, pinned }, field, platform, written);
  }

  #addGit(name: string, remote: string | undefined, field: FieldNode): void {
    const host = remote === undefined ? undefined : gitHost(remote);
    if (remote === undefined || host === undefined) return;
    if (this.#has(field, "experimentalServiceHost")) return;
    const reference = plainRemote(remote);
    this.#add(
      { kind: "git", host, field: name, reference, pinned: false },
      field,
      this.#refOf(field),
    );
  }

  #addHttp(address: string | undefined, field: FieldNode): void {
    const url = address === undefined ? undefined : parseUrl(address.trim());
    if (url === undefined || this.#has(field, "experimentalServiceHost")) return;
    const reference = `${url.scheme}://${url.host}${url.path}`;
    this.#add({ kind: "http", host: url.host, field: "http", reference, pinned: false }, field);
  }

  #addModule(reference: string | undefined, field: FieldNode): void {
    if (reference === undefined || /^[./~]/.test(reference)) return;
    this.#addGit("moduleSource", reference, field);
  }

  #addAddress(value: string | undefined, field: FieldNode): void {
    const fields = field.selectionSet?.selections.map((one) =>
      one.kind === Kind.FIELD ? one.name.value : "",
    );
    if (value === undefined || fields === undefined || /^[./~]/.test(value)) return;
    if (fields.includes("container")) this.#addImage("address", value, field);
    const git = ["directory", "file", "gitRef", "gitRepository"].some((name) =>
      fields.includes(name),
    );
    if (git) this.#addGit("address", value, field);
  }

  #add(
    upstream: UpstreamReference,
    field: FieldNode,
    detail = "",
    image?: NamedUpstream["image"],
  ): void {
    const key = `${this.#call(field)}\n${detail}`;
    this.#named.set(key, { upstream, key, path: [...this.#path], image });
  }

  #argument(field: FieldNode, name: string): ArgumentNode | undefined {
    return field.arguments?.find((argument) => argument.name.value === name);
  }

  #has(field: FieldNode, name: string): boolean {
    const value = this.#argument(field, name)?.value;
    return value !== undefined && value.kind !== Kind.NULL;
  }

  #isTrue(field: FieldNode, name: string): boolean {
    const value = this.#argument(field, name)?.value;
    return value !== undefined && this.#values.line(value) === "true";
  }

  #text(field: FieldNode, name: string): string | undefined {
    return this.#values.text(this.#argument(field, name)?.value);
  }

  /** Returns a field with its arguments, without its alias and its selections. */
  #call({ name, arguments: given = [] }: FieldNode): string {
    return given.reduce(
      (call, one) => `${call} ${one.name.value}: ${this.#values.line(one.value)}`,
      name.value,
    );
  }

  /** Returns the requested ref of a remote. Another ref of the same remote is fetched again. */
  #refOf(field: FieldNode): string {
    const asked = field.selectionSet?.selections[0];
    return asked?.kind === Kind.FIELD ? this.#call(asked) : "";
  }
}

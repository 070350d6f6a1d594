/** The facts about a GraphQL request after it has been read. Only types. */

import type { GraphQLRequest, UpstreamKind } from "../failure.js";

/** A host that a request names, and where. */
export interface UpstreamReference {
  readonly kind: UpstreamKind;
  /** The host, with its port unless it is the default; `docker.io` however it was spelled. */
  readonly host: string;
  /** The GraphQL field that names it: `from`, `publish`, `git`, `http`, `moduleSource`, `address`. */
  readonly field: string;
  /** The image, URL or remote, without credentials and without its query string. */
  readonly reference: string;
  /** Whether it is an image by digest, which the engine may hold already. */
  readonly pinned: boolean;
}

/** A reference as one request uses it. */
export interface NamedUpstream {
  readonly upstream: UpstreamReference;
  /** The name of the circuit breaker that guards its host. */
  readonly circuit: string;
  /**
   * A key for what the engine resolves once per session: the field with its arguments, the platform
   * of an image, the ref of a git remote. It contains values of the request and must not be shown.
   */
  readonly key: string;
  /** The names of the fields down to the one that names it, as an error's `path` has them. */
  readonly path: readonly string[];
  /** Of an image of `from`. */
  readonly image?: NamedImage | undefined;
}

/** An image as `from` asks for it. */
export interface NamedImage {
  /** Its address as it was written. */
  readonly address: string;
  /** The platform asked for; empty for the engine's own. */
  readonly platform: string;
  /** Whether the engine is told to pass over its lock file. */
  readonly noLock: boolean;
  /**
   * Where the address stands in the text that was read. Undefined when places were not asked for, or
   * when a variable holds the address: such an image cannot be rewritten.
   */
  readonly places: readonly TextPlace[] | undefined;
  /** Whether the address is another one than at these places. */
  readonly isRewritten?: boolean;
}

/** A part of a text, from its first character up to the one behind its last. */
export interface TextPlace {
  readonly start: number;
  readonly end: number;
}

/** An effect of a request besides reading. */
export type SideEffect = "publish" | "export" | "service" | "module";

/** A request that was parsed, with all that its words tell: it travels instead of the bare request. */
export interface ReadRequest {
  /** The request as it is sent. */
  readonly request: GraphQLRequest;
  /** The text that was read, which `request` no longer holds once it has been rewritten. */
  readonly source: string;
  readonly named: readonly NamedUpstream[];
  /** Every text among its arguments; the ids of earlier requests are among them. */
  readonly texts: ReadonlySet<string>;
  /** The keys of its answer under which ids stand. */
  readonly idKeys: ReadonlySet<string>;
  /** Whether it uses the contents of what it names: runs a command, reads a file, lists a folder. */
  readonly usesContents: boolean;
  readonly sideEffects: ReadonlySet<SideEffect>;
  /** Whether it asks for the version or the schema only. */
  readonly introspects: boolean;
  /** The name of the first field that it asks of the engine; undefined when it asks for nothing. */
  readonly rootField: string | undefined;
}

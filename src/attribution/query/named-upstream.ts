/** Types for a parsed GraphQL request, with the upstreams that the request names and its side effects. */

import type { GraphQLRequest, UpstreamKind } from "../failure.js";

/** A host that a request names, with the field and the text that name it. */
export interface UpstreamReference {
  readonly kind: UpstreamKind;
  /** The host, with any port other than the default. Every spelling of Docker Hub becomes `docker.io`. */
  readonly host: string;
  /** The GraphQL field that names the host: `from`, `publish`, `git`, `http`, `moduleSource`, `address`. */
  readonly field: string;
  /** The image, URL or git remote, without credentials and without its query string. */
  readonly reference: string;
  /** Whether `reference` is an image with a digest. The engine may already have such an image. */
  readonly pinned: boolean;
}

/** An upstream, with the place where the request names the upstream. */
export interface NamedUpstream {
  readonly upstream: UpstreamReference;
  /** The name of the circuit breaker that guards the host. */
  readonly circuit: string;
  /**
   * A key for the engine's work on this upstream. The engine does the work once per session for equal keys.
   *
   * The key contains the field with its arguments, the platform of an image and the ref of a remote. These
   * are values of the request, so the key must not be shown.
   */
  readonly key: string;
  /**
   * The field names from the root to the field that names the upstream, such as `["container", "from"]`. The
   * `path` of a GraphQL error has the same form.
   */
  readonly path: readonly string[];
  /** The details of an image in `from`; undefined for every other field. */
  readonly image?: NamedImage | undefined;
}

/** The image of a `from` field. */
export interface NamedImage {
  /** The address as the request contains it. */
  readonly address: string;
  /** The platform that the request sets; empty if it sets none. */
  readonly platform: string;
  /** Whether the request sets `noLock`, so that the engine ignores the lock file. */
  readonly noLock: boolean;
  /**
   * The positions of the address in the request's text. Undefined if positions were not recorded, or if a
   * variable holds the address. Without positions, the image cannot be rewritten.
   */
  readonly places: readonly TextPlace[] | undefined;
  /** Whether `address` was replaced. If so, the text at `places` still contains the old address. */
  readonly isRewritten?: boolean;
}

/** A part of a text, from `start` (inclusive) to `end` (exclusive). */
export interface TextPlace {
  readonly start: number;
  readonly end: number;
}

/**
 * An effect of a request besides reading: it publishes an image, exports files, starts a service or calls a
 * module.
 */
export type SideEffect = "publish" | "export" | "service" | "module";

/**
 * A parsed request, with all facts that its text contains. The guard passes this object on, and not the text,
 * so that the text is parsed once.
 */
export interface ReadRequest {
  /** The request as it will be sent. */
  readonly request: GraphQLRequest;
  /**
   * The document that was parsed; empty if it could not be parsed. After a rewrite, `request` contains
   * another document.
   */
  readonly source: string;
  readonly named: readonly NamedUpstream[];
  /**
   * All texts in the arguments and variables of the request. Ids from earlier answers are among these texts.
   */
  readonly texts: ReadonlySet<string>;
  /** The keys in the answer to this request whose values are ids. */
  readonly idKeys: ReadonlySet<string>;
  /**
   * Whether the request needs the contents of an image, repository or file, because it runs a command, reads
   * a file or lists a folder.
   */
  readonly usesContents: boolean;
  readonly sideEffects: ReadonlySet<SideEffect>;
  /** Whether the request only asks for the version or the schema. */
  readonly introspects: boolean;
  /** The name of the first root field. Undefined if the request has no root field. */
  readonly rootField: string | undefined;
}

/** Types for a parsed GraphQL request: the upstreams it names and what it would do. */

import type { GraphQLRequest, UpstreamKind } from "../failure.js";

/** A host that a request names, and where. */
export interface UpstreamReference {
  readonly kind: UpstreamKind;
  /** The host, with a port that is not the default. It is `docker.io` for any spelling of Docker Hub. */
  readonly host: string;
  /** The GraphQL field that names it: `from`, `publish`, `git`, `http`, `moduleSource`, `address`. */
  readonly field: string;
  /** The image, URL or remote, without credentials and without its query string. */
  readonly reference: string;
  /** Whether it is an image with a digest, which the engine may already have. */
  readonly pinned: boolean;
}

/** An upstream with its place in one request. */
export interface NamedUpstream {
  readonly upstream: UpstreamReference;
  /** The name of the circuit breaker that guards its host. */
  readonly circuit: string;
  /**
   * Equal keys mean work that the engine does once per session. A key contains the field with its
   * arguments, an image's platform and a remote's ref. It contains values of the request, so it must not be
   * shown.
   */
  readonly key: string;
  /**
   * The field names from the root to the field that names the upstream, like an error's `path`:
   * `["container", "from"]`.
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
  /** Whether the request sets `noLock`, so that the engine ignores its lock file. */
  readonly noLock: boolean;
  /**
   * The positions of the address in the request's text. Undefined if positions were not recorded, or if a
   * variable holds the address. Then the image cannot be rewritten.
   */
  readonly places: readonly TextPlace[] | undefined;
  /** Whether `address` was replaced, so that the text at these places still contains the old one. */
  readonly isRewritten?: boolean;
}

/** A part of a text: from `start` up to, but without, `end`. */
export interface TextPlace {
  readonly start: number;
  readonly end: number;
}

/** Something that a request does besides reading. */
export type SideEffect = "publish" | "export" | "service" | "module";

/**
 * A parsed request with all facts that its text shows. The guard passes it on instead of the request, so
 * that the text is parsed once.
 */
export interface ReadRequest {
  /** The request as it will be sent. */
  readonly request: GraphQLRequest;
  /** The document as it was parsed. After a rewrite, `request` contains another text. */
  readonly source: string;
  readonly named: readonly NamedUpstream[];
  /** Every text in its arguments and variables. Ids from earlier answers are among them. */
  readonly texts: ReadonlySet<string>;
  /** The keys in the request's answer whose values are ids. */
  readonly idKeys: ReadonlySet<string>;
  /**
   * Whether it needs the contents of an image, repository or file: it runs a command, reads a file or lists
   * a folder.
   */
  readonly usesContents: boolean;
  readonly sideEffects: ReadonlySet<SideEffect>;
  /** Whether it only asks for the version or the schema. */
  readonly introspects: boolean;
  /** The name of its first root field; undefined if it has none. */
  readonly rootField: string | undefined;
}

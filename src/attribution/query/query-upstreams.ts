/** Finds the registries, git hosts and HTTP servers that a GraphQL request names. */

import type { GraphQLRequest, UpstreamKind } from "../failure.js";
import type { NamedUpstream, ReadRequest, UpstreamReference } from "./named-upstream.js";
import { readRequest } from "./read-request.js";

/**
 * Returns the upstreams that a request names: images of `from`, targets of `publish`, remotes of `git`, URLs
 * of `http`, references of `moduleSource`, addresses of `address`.
 *
 * Leaves out images and URLs that a service of the pipeline serves. Cannot find the object behind an id, the
 * calls of a module, or the images in a Dockerfile. Returns an empty list for a text that is not GraphQL.
 * Never throws.
 *
 * @param request The document, or the parsed body with its variables.
 * @example
 * ```ts
 * import { upstreamsOfQuery } from "dagger-circuit-breaker/attribution";
 *
 * const [image] = upstreamsOfQuery('{ container { from(address: "alpine") { id } } }');
 * console.assert(image?.host === "docker.io" && image.reference === "docker.io/library/alpine");
 * ```
 */
export function upstreamsOfQuery(request: string | GraphQLRequest): readonly UpstreamReference[] {
  const found = new Map<string, UpstreamReference>();
  for (const { upstream } of readRequest(request).named) {
    found.set(`${upstream.field} ${upstream.reference}`, upstream);
  }
  return [...found.values()];
}

/** The hosts that a request names, for errors that name no host. The request is parsed on first use. */
export class NamedHosts {
  readonly #query: string | GraphQLRequest | undefined;
  #named: readonly NamedUpstream[] | undefined;
  #hosts: ReadonlyMap<string, string | null> | undefined;

  /** @param read The same request in parsed form, if it was already parsed. */
  constructor(query: string | GraphQLRequest | undefined, read?: ReadRequest) {
    this.#query = query;
    this.#named = read?.named;
  }

  /**
   * Returns the only host of a kind, such as `"registry"`, that a field called `field` names. If no such
   * field has a host, uses the hosts of all fields. Returns null for several hosts, or for no host.
   */
  only(kind: UpstreamKind, field: string | undefined): string | null {
    this.#hosts ??= hostsByUse(this.#read());
    return this.#hosts.get(`${kind} ${field}`) ?? this.#hosts.get(kind) ?? null;
  }

  #read(): readonly NamedUpstream[] {
    this.#named ??= this.#query === undefined ? [] : readRequest(this.#query).named;
    return this.#named;
  }
}

/**
 * Returns the only host for each kind (`registry`), and for each kind with a field (`registry from`). If
 * there are several hosts, the value is null.
 */
function hostsByUse(named: readonly NamedUpstream[]): ReadonlyMap<string, string | null> {
  const hosts = new Map<string, string | null>();
  for (const { upstream } of named) {
    const { kind, field, host } = upstream;
    for (const use of [kind, `${kind} ${field}`]) {
      const known = hosts.get(use);
      hosts.set(use, known === undefined || known === host ? host : null);
    }
  }
  return hosts;
}

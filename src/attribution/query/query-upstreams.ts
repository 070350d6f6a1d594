/** Finds the registries, git hosts and HTTP servers that a GraphQL request names. */

import type { GraphQLRequest } from "../failure.js";
import { readQuery, type UpstreamReference } from "./query-reading.js";

/**
 * Returns the upstreams that a request names: images of `from`, targets of `publish`, remotes of
 * `git`, URLs of `http`, references of `moduleSource`, addresses of `address`.
 *
 * The request does not contain what an id stands for (`Container.import` takes one), what a module
 * does, or what a Dockerfile names; so the result does not either. An image or URL that another
 * service of the pipeline serves is not an upstream. A text that is not GraphQL returns an empty
 * list. It never throws.
 *
 * @param request The document, or the body's object with its variables.
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
  for (const { upstream } of readQuery(request).named) {
    found.set(`${upstream.field} ${upstream.reference}`, upstream);
  }
  return [...found.values()];
}

/** Which registries, git hosts and HTTP servers a GraphQL request names. */

import type { GraphQLRequest } from "../failure.js";
import { readQuery, type UpstreamReference } from "./query-reading.js";

/**
 * The upstreams that a request names: images of `from`, targets of `publish`, remotes of `git`,
 * URLs of `http`, references of `moduleSource`, addresses of `address`.
 *
 * What only an id stands for (`Container.import` takes one), what a module does and what a
 * Dockerfile names is not in the request and so not in the answer. An image or URL that another
 * service of the pipeline serves is no upstream. Something that is no GraphQL gives an empty list;
 * nothing is thrown.
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

/** Replaces the addresses of images in a request, without parsing it again. */

import { imageUpstream } from "../../attribution/hosts.js";
import type {
  NamedImage,
  NamedUpstream,
  ReadRequest,
  TextPlace,
} from "../../attribution/query/named-upstream.js";

/**
 * Returns a request with other addresses for images of `from`. All other characters stay the same. An
 * address in a variable is not replaced, because no Dagger SDK puts an address in a variable.
 *
 * @param addresses The new addresses, by the current reference of the image.
 */
export function withAddresses(
  read: ReadRequest,
  addresses: ReadonlyMap<string, string>,
): ReadRequest {
  const named = read.named.map((one) => {
    const address = one.image?.places && addresses.get(one.upstream.reference);
    return address === undefined ? one : withAddress(one, one.image as NamedImage, address);
  });
  const request = { ...read.request, query: rewritten(read.source, named) };
  return { ...read, request, named };
}

function withAddress(one: NamedUpstream, image: NamedImage, address: string): NamedUpstream {
  const key = one.key.slice(0, one.key.length - image.address.length) + address;
  const found = imageUpstream(one.upstream.field, address);
  return { ...one, ...found, key, image: { ...image, address, isRewritten: true } };
}

/** Builds the query from the original source, because the recorded positions are valid only there. */
function rewritten(source: string, named: readonly NamedUpstream[]): string {
  const edits: (TextPlace & { readonly text: string })[] = [];
  for (const { image } of named) {
    if (image?.isRewritten !== true) continue;
    for (const place of image.places ?? []) {
      edits.push({ ...place, text: JSON.stringify(image.address) });
    }
  }
  let query = source;
  for (const { start, end, text } of edits.sort((one, other) => other.start - one.start)) {
    query = query.slice(0, start) + text + query.slice(end);
  }
  return query;
}

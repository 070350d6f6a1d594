/** Writes other addresses of images into a request, without parsing it again. */

import { imageUpstream } from "../../attribution/hosts.js";
import type {
  NamedImage,
  NamedUpstream,
  ReadRequest,
  TextPlace,
} from "../../attribution/query/named-upstream.js";

/**
 * Returns a request in which images of `from` have other addresses; all else stays to the letter. An
 * address in a variable, which no SDK of Dagger uses, stays as it is.
 *
 * @param addresses By the references that images have now.
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

/** Writes all addresses anew each time, because their positions are those of the original text. */
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

/**
 * Removes secrets from URLs in the name of a span. Engines of 1.0 use the whole URL of a fetch as the
 * span's name.
 */

const URL_IN_NAME = /([a-z][a-z0-9+.-]{0,31}:\/\/)([^\s"'<>]{1,65536})/gi;
const AUTHORITY_END = /[/?#\\]/;
/** Matches a host with an optional port. Any other text may be part of credentials, so it is removed. */
const HOST = /^(?:[^\s:@]{0,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?$/i;

/** Returns a span's name without the credentials, query strings and fragments of its URLs. */
export function withoutUrlSecrets(name: string): string {
  if (!name.includes("://")) return name;
  return name.replace(URL_IN_NAME, (_url, scheme: string, rest: string) => {
    const end = rest.search(AUTHORITY_END);
    const authority = end < 0 ? rest : rest.slice(0, end);
    const host = authority.slice(authority.lastIndexOf("@") + 1);
    if (!HOST.test(host)) return scheme;
    const path = end < 0 ? "" : rest.slice(end);
    const pathEnd = path.search(/[?#]/);
    return `${scheme}${host}${pathEnd < 0 ? path : path.slice(0, pathEnd)}`;
  });
}

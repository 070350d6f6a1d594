/** Finds whether Go's HTTP client would use a proxy for a URL. */

const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  "http:": ["HTTP_PROXY", "http_proxy"],
  "https:": ["HTTPS_PROXY", "https_proxy"],
};
const LOOPBACK = /^(localhost|127\.[0-9.]+|\[::1\])$/;

/**
 * Returns the name of the variable that sets the proxy for `url`; undefined for a direct connection.
 * Networks in `NO_PROXY`, such as `10.0.0.0/8`, are not supported. A host in such a network counts as
 * proxied.
 */
export function proxyVariable(
  url: URL,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (LOOPBACK.test(url.hostname)) return undefined;
  const variable = (VARIABLES[url.protocol] ?? []).find((name) => env[name]);
  const exempt = (env.NO_PROXY || env.no_proxy || "").split(",");
  return exempt.some((entry) => covers(entry.trim().toLowerCase(), url)) ? undefined : variable;
}

/** Returns whether an entry of `NO_PROXY` matches a host. A name also matches its subdomains. */
function covers(entry: string, { hostname, port, protocol }: URL): boolean {
  if (entry === "*") return true;
  const match = /^(?:\*?\.)?(.+?)(?::(\d+))?$/.exec(entry);
  if (match === null) return false;
  const [, name = "", onlyPort] = match;
  const actualPort = port || (protocol === "https:" ? "443" : "80");
  if (onlyPort !== undefined && onlyPort !== actualPort) return false;
  const isSubdomain = hostname.endsWith(`.${name}`);
  return entry.startsWith(".") || entry.startsWith("*.")
    ? isSubdomain
    : hostname === name || isSubdomain;
}

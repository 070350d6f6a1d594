/** Reads the addresses of registries and mirrors in an engine's configuration. */

import { breakerName } from "../../attribution/hosts.js";

/** The address of a mirror. The engine asks it at `https://HOST/v2PATH/...`. */
export interface MirrorAddress {
  /** The scheme, which engines ignore; undefined without one. */
  readonly scheme: "http" | "https" | undefined;
  readonly host: string;
  /** The path after `/v2`. It is empty or begins with a slash. */
  readonly path: string;
}

const HOST = String.raw`(?:[a-z0-9_](?:[a-z0-9_.-]{0,252})|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?`;
const MIRROR = new RegExp(
  String.raw`^(?:(https?)://)?(${HOST})((?:/[\w.~-]{1,255}){0,16})/?$`,
  "i",
);
const REGISTRY = new RegExp(`^${HOST}$`, "i");

/**
 * Reads the address of a mirror, such as `mirror.example:5000/path`; undefined if it is invalid.
 */
export function parseMirror(text: string): MirrorAddress | undefined {
  const match = MIRROR.exec(text);
  const [, scheme, host, path = ""] = match ?? [];
  if (host === undefined) return undefined;
  return { scheme: scheme?.toLowerCase() as "http" | "https" | undefined, host, path };
}

/**
 * Returns why the engine would never use an entry with this name; undefined if the name is valid.
 */
export function registryProblem(name: string): string | undefined {
  const [, scheme] = /^([a-z]+):\/\//i.exec(name) ?? [];
  if (scheme !== undefined) {
    return `expected a host without ${scheme}://, such as "docker.io" or "registry.example:5000"`;
  }
  if (/^registry:(?!\d)/.test(name)) {
    return 'expected a host, such as "docker.io", and not the name of its circuit';
  }
  if (!REGISTRY.test(name))
    return 'expected a host, such as "docker.io" or "registry.example:5000"';
  const hub = breakerName("registry", name) === "registry:docker.io";
  if (hub && name !== "docker.io")
    return 'expected "docker.io", the name that engines use for Docker Hub';
  if (name !== name.toLowerCase()) return `expected ${JSON.stringify(name.toLowerCase())}`;
  return undefined;
}

/** Returns whether a host is this machine. An engine asks such a host over plain HTTP. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|\[::1\])(?::[0-9]+)?$/i.test(host);
}

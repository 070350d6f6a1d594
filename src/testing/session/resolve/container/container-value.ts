/** Containers as values: an empty one, and changed copies. */

import { posix } from "node:path";
import type { Arguments } from "../../engine/resolver.js";
import { EMPTY_TREE } from "../../engine/tree.js";
import type {
  ContainerValue,
  EnvVariableValue,
  NamedValue,
  ResolvedImage,
} from "../../engine/values.js";
import { absolutePath, isClaimed } from "../../files/container-paths.js";
import { contentKey } from "../../files/scratch.js";

export function emptyContainer(platform: string): ContainerValue {
  return keyed({
    typeName: "Container",
    key: "",
    platform,
    image: undefined,
    environment: [],
    secrets: [],
    workdir: undefined,
    user: "",
    labels: [],
    entrypoint: [],
    defaultArgs: [],
    mounts: [],
    claims: [],
    rootfs: EMPTY_TREE,
    lastExec: undefined,
  });
}

/** Returns a copy of a container with some parts changed. */
export function changed(
  container: ContainerValue,
  change: Partial<ContainerValue>,
): ContainerValue {
  return keyed({ ...container, ...change });
}

/** Returns a container with its key, which is made of all its parts. */
function keyed(container: ContainerValue): ContainerValue {
  const { platform, image, environment, secrets, workdir, user, mounts } = container;
  const { labels, entrypoint, defaultArgs, claims } = container;
  const key = contentKey(
    [platform, image && identityOf(image), workdir, user],
    [entrypoint, defaultArgs, claims],
    environment.map(({ name, value }) => [name, value]),
    labels.map(({ name, value }) => [name, value]),
    secrets.map(({ name, secret }) => [name, secret.key]),
    mounts.map((mount) => [
      mount.path,
      mount.kind,
      mount.kind === "cache" ? mount.cache.key : "",
      mount.kind === "secret" ? [mount.secret.key, mount.mode] : "",
    ]),
    container.rootfs.key,
    container.lastExec?.key,
  );
  return { ...container, key };
}

/** Returns a text that is the same for all names of an image with this digest. */
function identityOf({ reference: { domain, repository }, digest }: ResolvedImage): string {
  return `${domain}/${repository}@${digest}`;
}

/** Adds a path to those that the container owns. */
export function withClaim(claims: readonly string[], claim: string): readonly string[] {
  return claim === "/" || isClaimed(claim, claims) ? claims : [...claims, claim].sort();
}

export function namedValue<Type extends "EnvVariable" | "Label">(
  typeName: Type,
  name: string,
  value: string,
): NamedValue<Type> {
  return { typeName, key: contentKey(name, value), name, value };
}

export function variableOf(container: ContainerValue, name: string): string | undefined {
  return container.environment.find((variable) => variable.name === name)?.value;
}

/** Sets a variable. If it exists already, it keeps its position. */
export function withVariable(
  environment: readonly EnvVariableValue[],
  name: string,
  value: string,
): readonly EnvVariableValue[] {
  const variable = namedValue("EnvVariable", name, value);
  const at = environment.findIndex((other) => other.name === name);
  return at < 0 ? [...environment, variable] : environment.with(at, variable);
}

/** Replaces `$NAME` and `${NAME}` by the container's variables, if the argument `expand` is true. */
export function expanded(container: ContainerValue, args: Arguments, text: string): string {
  if (!args.flag("expand")) return text;
  return text.replace(/\$\{(\w+)\}|\$(\w+)/g, (_, braced, plain) => {
    return variableOf(container, braced ?? plain) ?? "";
  });
}

/**
 * Returns the absolute path that a text means in the container. A slash at the end stays, because it marks
 * a directory.
 */
export function placeOf(container: ContainerValue, args: Arguments, text: string): string {
  const given = expanded(container, args, text);
  const path = absolutePath(given, container.workdir ?? "/");
  return given.endsWith("/") ? posix.join(path, "/") : path;
}

/** Returns the absolute path that the argument `path` means in the container. */
export function pathOf(container: ContainerValue, args: Arguments): string {
  return absolutePath(placeOf(container, args, args.text("path")), "/");
}

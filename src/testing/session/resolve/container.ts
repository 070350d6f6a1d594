/** The fields of `Container`. */

import { existsSync } from "node:fs";
import { absolutePath, claimOf, isClaimed } from "../container-paths.js";
import type { Work } from "../context.js";
import { type Filter, TAKE_ALL } from "../globs.js";
import { contentKey } from "../scratch.js";
import { changedTree, EMPTY_TREE } from "../tree.js";
import type {
  ContainerValue,
  DirectoryValue,
  EnvVariableValue,
  ExpectedEnd,
  FileValue,
  SecretValue,
} from "../values.js";
import { EngineError } from "../wire-errors.js";
import { execTree, runExec } from "./container-exec.js";
import { exportContainer } from "./export.js";
import { resolveImage } from "./image.js";
import {
  copyDirectoryAt,
  copyFileAt,
  directoryAt,
  fileAt,
  inside,
  removeAt,
  sought,
  writeAt,
} from "./places.js";
import { publish } from "./publish.js";
import type { Arguments, TypeResolvers } from "./resolver.js";

/** A container with nothing in it. */
export function emptyContainer(platform: string): ContainerValue {
  return keyed({
    typeName: "Container",
    key: "",
    platform,
    image: undefined,
    environment: [],
    secrets: [],
    workdir: undefined,
    defaultArgs: [],
    claims: [],
    rootfs: EMPTY_TREE,
    lastExec: undefined,
  });
}

/** The container with the key that its parts give it. */
function keyed(container: ContainerValue): ContainerValue {
  const { platform, image, environment, secrets, workdir, defaultArgs } = container;
  const key = contentKey(
    [platform, image?.reference.full, image?.digest, workdir, defaultArgs, container.claims],
    environment.map(({ name, value }) => [name, value]),
    secrets.map(({ name, secret }) => [name, secret.key]),
    container.rootfs.key,
    container.lastExec?.key,
  );
  return { ...container, key };
}

function changed(container: ContainerValue, change: Partial<ContainerValue>): ContainerValue {
  return keyed({ ...container, ...change });
}

/** A container with a change in its files at `path`, which thereby becomes its own. */
function withFiles(
  container: ContainerValue,
  given: string,
  change: readonly unknown[],
  apply: (folder: string, path: string, work: Work) => Promise<void>,
  claimed: "the place" | "what is new" = "what is new",
): ContainerValue {
  const path = absolutePath(given, container.workdir ?? "/");
  // The slash at the end of a given path says that it is a directory.
  const place = given.endsWith("/") ? `${path}/` : path;
  const claim = claimed === "the place" ? path : claimOf(path, existsSync);
  return changed(container, {
    claims: withClaim(container.claims, claim),
    rootfs: changedTree(container.rootfs, [path, ...change], (folder, work) =>
      apply(folder, place, work),
    ),
  });
}

function withClaim(claims: readonly string[], claim: string): readonly string[] {
  return claim === "/" || isClaimed(claim, claims) ? claims : [...claims, claim].sort();
}

async function from(
  container: ContainerValue,
  args: Arguments,
  work: Work,
): Promise<ContainerValue> {
  const image = await resolveImage(work, args.text("address"), container.platform);
  // Where commands are found is the one thing that every image says of its environment.
  const environment = withVariable(container.environment, "PATH", process.env.PATH ?? "");
  return changed(container, { image, environment });
}

function withVariable(
  environment: readonly EnvVariableValue[],
  name: string,
  value: string,
): readonly EnvVariableValue[] {
  const variable: EnvVariableValue = {
    typeName: "EnvVariable",
    key: contentKey(name, value),
    name,
    value,
  };
  const at = environment.findIndex((other) => other.name === name);
  return at < 0 ? [...environment, variable] : environment.with(at, variable);
}

function variableOf(container: ContainerValue, name: string): string | undefined {
  return container.environment.find((variable) => variable.name === name)?.value;
}

function withEnvVariable(container: ContainerValue, args: Arguments): ContainerValue {
  const given = args.text("value");
  const value = args.flag("expand")
    ? given.replace(/\$\{(\w+)\}|\$(\w+)/g, (_, braced, plain) => {
        return variableOf(container, braced ?? plain) ?? "";
      })
    : given;
  return changed(container, {
    environment: withVariable(container.environment, args.text("name"), value),
  });
}

function withExec(container: ContainerValue, args: Arguments): ContainerValue {
  const stdin = args.optionalText("stdin");
  const given = args.texts("args");
  const step = {
    container,
    args: given.length > 0 ? given : container.defaultArgs,
    stdin: stdin === "" ? undefined : stdin,
    expect: args.text("expect") as ExpectedEnd,
  };
  const key = contentKey("exec", container.key, step.args, step.stdin, step.expect);
  const lastExec = { ...step, key };
  return changed(container, { lastExec, rootfs: execTree(lastExec) });
}

function withDirectory(
  container: ContainerValue,
  args: Arguments,
  filter: Filter,
  kind: "copy" | "mount",
): ContainerValue {
  const source = args.object<DirectoryValue>("source", "Directory");
  return withFiles(
    container,
    args.text("path"),
    [kind, source.key, filter],
    async (folder, path, work) => {
      if (kind === "mount") await removeAt(folder, path);
      await copyDirectoryAt(folder, path, source, filter, work);
    },
    "the place",
  );
}

function withFile(container: ContainerValue, args: Arguments): ContainerValue {
  const source = args.object<FileValue>("source", "File");
  const permissions = args.optionalNumber("permissions");
  return withFiles(
    container,
    args.text("path"),
    ["file", source.key, source.name, permissions],
    (folder, path, work) => copyFileAt(folder, path, source, permissions, work),
  );
}

function withNewFile(container: ContainerValue, args: Arguments): ContainerValue {
  const contents = args.text("contents");
  const permissions = args.optionalNumber("permissions") ?? 0o644;
  return withFiles(
    container,
    args.text("path"),
    ["new file", contents, permissions],
    (folder, path) => writeAt(folder, path, contents, permissions),
  );
}

function withWorkdir(container: ContainerValue, args: Arguments): ContainerValue {
  const workdir = absolutePath(args.text("path"), container.workdir ?? "/");
  const claims = withClaim(container.claims, workdir);
  return changed(container, { workdir, claims });
}

/** The folder in which an absolute path of the container is found: its own, or the host's root. */
function folderOf(container: ContainerValue, path: string) {
  return async (work: Work): Promise<string> => {
    const own = await container.rootfs.folder(work);
    return isClaimed(path, container.claims) || existsSync(inside(own, path)) ? own : "/";
  };
}

function directory(
  container: ContainerValue,
  args: Arguments,
  work: Work,
): Promise<DirectoryValue> {
  const path = absolutePath(args.text("path"), container.workdir ?? "/");
  return sought(directoryAt(container.rootfs.key, path, folderOf(container, path)), work);
}

function file(container: ContainerValue, args: Arguments, work: Work): Promise<FileValue> {
  const path = absolutePath(args.text("path"), container.workdir ?? "/");
  return sought(fileAt(container.rootfs.key, path, folderOf(container, path)), work);
}

async function lastResult(container: ContainerValue, work: Work) {
  if (container.lastExec === undefined) throw new EngineError("no command has been set");
  return runExec(container.lastExec, work);
}

function withSecretVariable(container: ContainerValue, args: Arguments): ContainerValue {
  const name = args.text("name");
  const secret = args.object<SecretValue>("secret", "Secret");
  return changed(container, {
    secrets: [...container.secrets.filter((other) => other.name !== name), { name, secret }],
  });
}

/** The resolvers of `Container`. */
export const containerResolvers: TypeResolvers<ContainerValue> = {
  from,
  withEnvVariable,
  withExec,
  withFile,
  withNewFile,
  withWorkdir,
  withSecretVariable,
  directory,
  file,
  publish: (container, args, work) => publish(container, args.text("address"), work),
  export: (container, args, work) => exportContainer(container, args.text("path"), work),
  rootfs: (container) => directoryAt(container.rootfs.key, "/", container.rootfs.folder),
  withDirectory: (container, args) =>
    withDirectory(
      container,
      args,
      { include: args.texts("include"), exclude: args.texts("exclude") },
      "copy",
    ),
  withMountedDirectory: (container, args) => withDirectory(container, args, TAKE_ALL, "mount"),
  withMountedFile: withFile,
  withDefaultArgs: (container, args) => changed(container, { defaultArgs: args.texts("args") }),
  withoutEnvVariable: (container, args) =>
    changed(container, {
      environment: container.environment.filter(({ name }) => name !== args.text("name")),
    }),
  withoutSecretVariable: (container, args) =>
    changed(container, {
      secrets: container.secrets.filter(({ name }) => name !== args.text("name")),
    }),
  withoutWorkdir: (container) => changed(container, { workdir: undefined }),
  defaultArgs: (container) => container.defaultArgs,
  envVariable: (container, args) => variableOf(container, args.text("name")),
  envVariables: (container) => container.environment,
  platform: (container) => container.platform,
  workdir: (container) => container.workdir ?? "/",
  imageRef: (container) => {
    if (container.image === undefined) {
      throw new EngineError(
        "image reference can only be retrieved immediately after the 'Container.From' call",
      );
    }
    const { reference, digest } = container.image;
    return reference.digest === undefined ? `${reference.full}@${digest}` : reference.full;
  },
  stdout: async (container, _, work) => (await lastResult(container, work)).stdout,
  stderr: async (container, _, work) => (await lastResult(container, work)).stderr,
  exitCode: async (container, _, work) => (await lastResult(container, work)).exitCode,
  combinedOutput: async (container, _, work) => (await lastResult(container, work)).combined,
  sync: async (container, _, work) => {
    if (container.lastExec !== undefined) await runExec(container.lastExec, work);
    await container.rootfs.folder(work);
    return work.session.idOf(container);
  },
};

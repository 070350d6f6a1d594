/** The fields of `Container`, except those for files and mounts. */

import { existsSync } from "node:fs";
import type { Work } from "../../engine/context.js";
import type { Arguments, TypeResolvers } from "../../engine/resolver.js";
import type { ContainerValue, ExpectedEnd, SecretValue } from "../../engine/values.js";
import { EngineError } from "../../faults/wire-errors.js";
import { absolutePath, claimOf } from "../../files/container-paths.js";
import { contentKey } from "../../files/scratch.js";
import { exportContainer } from "../export.js";
import { execSpanKey, execTree, runExec } from "./container-exec.js";
import { containerFileResolvers } from "./container-files.js";
import {
  changed,
  expanded,
  namedValue,
  pathOf,
  variableOf,
  withClaim,
  withVariable,
} from "./container-value.js";
import { imageTree, pinned, resolveImage } from "./image.js";
import { containerMountResolvers } from "./mounts.js";
import { publish } from "./publish.js";

async function from(
  container: ContainerValue,
  args: Arguments,
  work: Work,
): Promise<ContainerValue> {
  const image = await resolveImage(work, args.text("address"), container);
  // The one variable that every image sets.
  const environment = withVariable(container.environment, "PATH", process.env.PATH ?? "");
  return changed(container, { image, environment, rootfs: imageTree(container.rootfs, image) });
}

function withEnvVariable(container: ContainerValue, args: Arguments): ContainerValue {
  const value = expanded(container, args, args.text("value"));
  return changed(container, {
    environment: withVariable(container.environment, args.text("name"), value),
  });
}

function withExec(container: ContainerValue, args: Arguments, work: Work): ContainerValue {
  const given = args.texts("args");
  const own = (given.length > 0 ? given : container.defaultArgs).map((arg) => {
    return expanded(container, args, arg);
  });
  const redirects = {
    stdin: redirected(container, args, "redirectStdin"),
    stdout: redirected(container, args, "redirectStdout"),
    stderr: redirected(container, args, "redirectStderr"),
  };
  const step = {
    container,
    args: args.flag("useEntrypoint") ? [...container.entrypoint, ...own] : own,
    stdin: nonEmpty(args.optionalText("stdin")),
    expect: args.text("expect") as ExpectedEnd,
    redirects,
  };
  const key = contentKey("exec", container.key, step.args, step.stdin, step.expect, redirects);
  const lastExec = { ...step, key };
  // Kept, because the command may run later than this call, when its result is needed.
  work.span.keep(execSpanKey(lastExec));
  const written = [redirects.stdout, redirects.stderr].filter((path) => path !== undefined);
  const claims = written.reduce(
    (before, path) => withClaim(before, claimOf(path, existsSync)),
    container.claims,
  );
  return changed(container, { lastExec, claims, rootfs: execTree(lastExec) });
}

function redirected(container: ContainerValue, args: Arguments, name: string): string | undefined {
  const path = nonEmpty(args.optionalText(name));
  return path && absolutePath(expanded(container, args, path), container.workdir ?? "/");
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function withWorkdir(container: ContainerValue, args: Arguments): ContainerValue {
  const workdir = pathOf(container, args);
  return changed(container, { workdir, claims: withClaim(container.claims, workdir) });
}

function withSecretVariable(container: ContainerValue, args: Arguments): ContainerValue {
  const name = args.text("name");
  const secret = args.object<SecretValue>("secret", "Secret");
  return changed(container, {
    secrets: [...container.secrets.filter((other) => other.name !== name), { name, secret }],
  });
}

function withoutLabel(container: ContainerValue, name: string): ContainerValue {
  return changed(container, { labels: container.labels.filter((label) => label.name !== name) });
}

function withLabel(container: ContainerValue, args: Arguments): ContainerValue {
  const name = args.text("name");
  const label = namedValue("Label", name, args.text("value"));
  return changed(container, { labels: [...withoutLabel(container, name).labels, label] });
}

/**
 * Sets the entrypoint. The default arguments belong to the old one and are removed, unless they are to be
 * kept.
 */
function withEntrypoint(
  container: ContainerValue,
  entrypoint: readonly string[],
  args: Arguments,
): ContainerValue {
  const defaultArgs = args.flag("keepDefaultArgs") ? container.defaultArgs : [];
  return changed(container, { entrypoint, defaultArgs });
}

function imageRef(container: ContainerValue): string {
  if (container.image === undefined) {
    throw new EngineError(
      "image reference can only be retrieved immediately after the 'Container.From' call",
    );
  }
  return pinned(container.image).full;
}

async function lastResult(container: ContainerValue, work: Work) {
  if (container.lastExec === undefined) throw new EngineError("no command has been set");
  return runExec(container.lastExec, work);
}

/**
 * Returns the container unchanged. For fields about registries, services and isolation, which the double
 * does not have.
 */
const unchanged = (container: ContainerValue) => container;

export const containerResolvers: TypeResolvers<ContainerValue> = {
  ...containerFileResolvers,
  ...containerMountResolvers,
  from,
  withEnvVariable,
  withExec,
  withWorkdir,
  withSecretVariable,
  withLabel,
  withUser: (container, args) => changed(container, { user: args.text("name") }),
  withEntrypoint: (container, args) => withEntrypoint(container, args.texts("args"), args),
  withDefaultArgs: (container, args) => changed(container, { defaultArgs: args.texts("args") }),
  withAnnotation: unchanged,
  withExposedPort: unchanged,
  withRegistryAuth: unchanged,
  withoutAnnotation: unchanged,
  withoutExposedPort: unchanged,
  withoutRegistryAuth: unchanged,
  withoutDefaultArgs: (container) => changed(container, { defaultArgs: [] }),
  withoutEntrypoint: (container, args) => withEntrypoint(container, [], args),
  withoutEnvVariable: (container, args) =>
    changed(container, {
      environment: container.environment.filter(({ name }) => name !== args.text("name")),
    }),
  withoutLabel: (container, args) => withoutLabel(container, args.text("name")),
  withoutSecretVariable: (container, args) =>
    changed(container, {
      secrets: container.secrets.filter(({ name }) => name !== args.text("name")),
    }),
  withoutUser: (container) => changed(container, { user: "" }),
  withoutWorkdir: (container) => changed(container, { workdir: undefined }),
  defaultArgs: (container) => container.defaultArgs,
  entrypoint: (container) => container.entrypoint,
  envVariable: (container, args) => variableOf(container, args.text("name")),
  envVariables: (container) => container.environment,
  label: (container, args) =>
    container.labels.find(({ name }) => name === args.text("name"))?.value,
  labels: (container) => container.labels,
  platform: (container) => container.platform,
  user: (container) => container.user,
  workdir: (container) => container.workdir ?? "/",
  imageRef,
  publish: (container, args, work) => publish(container, args.text("address"), work),
  export: (container, args, work) =>
    exportContainer(container, expanded(container, args, args.text("path")), work),
  stdout: async (container, _, work) => (await lastResult(container, work)).stdout,
  stderr: async (container, _, work) => (await lastResult(container, work)).stderr,
  exitCode: async (container, _, work) => (await lastResult(container, work)).exitCode,
  combinedOutput: async (container, _, work) => (await lastResult(container, work)).combined,
  sync: async (container, _, work) => {
    if (container.lastExec !== undefined) await runExec(container.lastExec, work);
    await container.rootfs.locate(work);
    return work.session.idOf(container);
  },
};

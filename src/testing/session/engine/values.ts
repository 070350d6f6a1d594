/** The objects of the API inside the double. They only describe work; it runs when a result is read. */

import type { Identified } from "./objects.js";
import type { ImageReference } from "./references.js";
import type { Located, Tree } from "./tree.js";

/** Any object that has an id. */
export type Value =
  | ContainerValue
  | DirectoryValue
  | FileValue
  | HostValue
  | GitRepositoryValue
  | GitRefValue
  | SecretValue
  | EnvVariableValue
  | LabelValue
  | CacheVolumeValue
  | QueryValue;

/** The root of every query. */
export type QueryValue = Identified<"Query">;

/** An image whose digest is known. */
export interface ResolvedImage {
  readonly reference: ImageReference;
  readonly digest: string;
  /** Whether the engine asked the registry for the image when it resolved it. */
  readonly wasAsked: boolean;
}

/** Which exit codes of a command are expected. */
export type ExpectedEnd = "SUCCESS" | "FAILURE" | "ANY";

/** A command in a chain, with the container that it runs in. */
export interface ExecStep {
  readonly key: string;
  readonly container: ContainerValue;
  readonly args: readonly string[];
  readonly stdin: string | undefined;
  readonly expect: ExpectedEnd;
  /** Paths in the container of files that replace the command's input or outputs. */
  readonly redirects: Redirects;
}

/** Files that replace a command's input or outputs. */
export interface Redirects {
  readonly stdin: string | undefined;
  readonly stdout: string | undefined;
  readonly stderr: string | undefined;
}

/** A mount over a path of a container while a command runs. The container's own files do not contain it. */
export type Mount = { readonly path: string } & (
  | { readonly kind: "temp" }
  | { readonly kind: "cache"; readonly cache: CacheVolumeValue }
  | { readonly kind: "secret"; readonly secret: SecretValue; readonly mode: number }
);

/** A container: image, environment, files, and the last command of its chain. */
export interface ContainerValue extends Identified<"Container"> {
  readonly platform: string;
  readonly image: ResolvedImage | undefined;
  readonly environment: readonly EnvVariableValue[];
  readonly secrets: readonly { readonly name: string; readonly secret: SecretValue }[];
  readonly workdir: string | undefined;
  /** Only the field `user` returns this. Commands run as the user who runs the double. */
  readonly user: string;
  readonly labels: readonly LabelValue[];
  readonly entrypoint: readonly string[];
  readonly defaultArgs: readonly string[];
  readonly mounts: readonly Mount[];
  /** The absolute paths that belong to the container. All other paths are those of the host. */
  readonly claims: readonly string[];
  readonly rootfs: Tree;
  readonly lastExec: ExecStep | undefined;
}

/** A directory: a path in a tree. */
export interface DirectoryValue extends Identified<"Directory">, Located {
  /** The last part of its path with a slash, as engines show it; `/` for a whole tree. */
  readonly name: string;
  /** Set for the root of a tree. A chain of changes, such as two `withNewFile`, then copies files only once. */
  readonly wholeTree?: Tree;
}

/** A file: a path in a tree. */
export interface FileValue extends Identified<"File">, Located {
  readonly name: string;
}

/** The machine of the caller. */
export type HostValue = Identified<"Host">;

/** A git remote after its refs were read. */
export interface GitRepositoryValue extends Identified<"GitRepository"> {
  readonly url: string;
  readonly keepGitDir: boolean;
  /** Maps a full ref name, or `HEAD`, to its commit. */
  readonly refs: ReadonlyMap<string, string>;
}

/** One commit of a git remote. */
export interface GitRefValue extends Identified<"GitRef"> {
  readonly repository: GitRepositoryValue;
  /** The full ref name, or the commit itself. */
  readonly ref: string;
  readonly commit: string;
}

/** A secret. Its text is read only when it is used. */
export interface SecretValue extends Identified<"Secret"> {
  readonly name: string;
  readonly uri: string;
  plaintext(): Promise<string>;
}

/** A cache volume: a folder that commands share. It exists as long as the engine. */
export type CacheVolumeValue = Identified<"CacheVolume">;

/** A variable or a label: a name with its value. */
export interface NamedValue<Type extends "EnvVariable" | "Label"> extends Identified<Type> {
  readonly name: string;
  readonly value: string;
}

export type EnvVariableValue = NamedValue<"EnvVariable">;
export type LabelValue = NamedValue<"Label">;

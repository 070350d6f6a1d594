/** The objects of the API inside the double: descriptions that have not run yet. */

import type { ImageReference } from "../registry/references.js";
import type { Work } from "./context.js";
import type { Tree } from "./tree.js";

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

/** The root of all queries. */
export interface QueryValue {
  readonly typeName: "Query";
  readonly key: string;
}

/** A resolved image. */
export interface ResolvedImage {
  readonly reference: ImageReference;
  readonly digest: string;
  /** Whether its registry was asked for it when it was resolved. */
  readonly wasAsked: boolean;
}

/** The permitted ends of a command. */
export type ExpectedEnd = "SUCCESS" | "FAILURE" | "ANY";

/** A command in a chain, with the container that it ran in. */
export interface ExecStep {
  readonly key: string;
  readonly container: ContainerValue;
  readonly args: readonly string[];
  readonly stdin: string | undefined;
  readonly expect: ExpectedEnd;
  /** Absolute paths of files in the container that replace the command's streams. */
  readonly redirects: Redirects;
}

/** The files that replace a command's streams. */
export interface Redirects {
  readonly stdin: string | undefined;
  readonly stdout: string | undefined;
  readonly stderr: string | undefined;
}

/**
 * A mount over a path of a container while a command runs. It is not part of the container's files.
 */
export type Mount = { readonly path: string } & (
  | { readonly kind: "temp" }
  | { readonly kind: "cache"; readonly cache: CacheVolumeValue }
  | { readonly kind: "secret"; readonly secret: SecretValue; readonly mode: number }
);

/** A container: image, environment, files, and the last command of the chain. */
export interface ContainerValue {
  readonly typeName: "Container";
  readonly key: string;
  readonly platform: string;
  readonly image: ResolvedImage | undefined;
  readonly environment: readonly EnvVariableValue[];
  readonly secrets: readonly { readonly name: string; readonly secret: SecretValue }[];
  readonly workdir: string | undefined;
  /** Returned by the field `user` only; commands run as the user who runs the double. */
  readonly user: string;
  readonly labels: readonly LabelValue[];
  readonly entrypoint: readonly string[];
  readonly defaultArgs: readonly string[];
  readonly mounts: readonly Mount[];
  /** The absolute paths that belong to the container; all others are the host's. */
  readonly claims: readonly string[];
  readonly rootfs: Tree;
  readonly lastExec: ExecStep | undefined;
}

/** A directory: a place in a tree. */
export interface DirectoryValue {
  readonly typeName: "Directory";
  readonly key: string;
  /** The last part of its path with a slash, as engines show it; that of a whole tree is `/`. */
  readonly name: string;
  /** Returns the real folder, which must not be changed; rejects if it is missing. */
  locate(work: Work): Promise<string>;
  /** The tree that it is as a whole, so that a chain copies its files only once. */
  readonly wholeTree?: Tree;
}

/** A file: a place in a tree. */
export interface FileValue {
  readonly typeName: "File";
  readonly key: string;
  readonly name: string;
  /** Returns the real file, which must not be changed; rejects if it is missing. */
  locate(work: Work): Promise<string>;
}

/** The machine of the caller. */
export interface HostValue {
  readonly typeName: "Host";
  readonly key: string;
}

/** A git remote whose refs are known. */
export interface GitRepositoryValue {
  readonly typeName: "GitRepository";
  readonly key: string;
  readonly url: string;
  readonly keepGitDir: boolean;
  /** Full ref name (or `HEAD`) to commit. */
  readonly refs: ReadonlyMap<string, string>;
}

/** One commit of a git remote. */
export interface GitRefValue {
  readonly typeName: "GitRef";
  readonly key: string;
  readonly repository: GitRepositoryValue;
  /** The full ref name, or the commit itself. */
  readonly ref: string;
  readonly commit: string;
}

/** A secret. Its text is read on demand. */
export interface SecretValue {
  readonly typeName: "Secret";
  readonly key: string;
  readonly name: string;
  readonly uri: string;
  plaintext(): Promise<string>;
}

/** A folder that commands share and that outlives them, as long as the engine does. */
export interface CacheVolumeValue {
  readonly typeName: "CacheVolume";
  readonly key: string;
}

export interface LabelValue {
  readonly typeName: "Label";
  readonly key: string;
  readonly name: string;
  readonly value: string;
}

export interface EnvVariableValue {
  readonly typeName: "EnvVariable";
  readonly key: string;
  readonly name: string;
  readonly value: string;
}

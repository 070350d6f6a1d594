/** Names of the fields of Dagger's API, grouped by their role in a request. */

import type { SideEffect } from "./named-upstream.js";

/**
 * The root fields of a query in engines 0.15 to 1.0 beta. {@link LOAD_FIELD} matches further root fields of
 * these engines. Any other root field belongs to a module.
 */
export const CORE_FIELDS: ReadonlySet<string> = new Set([
  "__schema",
  "__type",
  "__typename",
  "address",
  "blob",
  "builtinContainer",
  "cacheVolume",
  "changeset",
  "cloud",
  "container",
  "currentEnv",
  "currentFunctionCall",
  "currentModule",
  "currentTypeDefs",
  "currentWorkspace",
  "defaultPlatform",
  "directory",
  "engine",
  "env",
  "envFile",
  "error",
  "file",
  "function",
  "generatedCode",
  "git",
  "host",
  "http",
  "id",
  "json",
  "llm",
  "module",
  "moduleSource",
  "node",
  "pipeline",
  "secret",
  "setSecret",
  "sourceMap",
  "sshfsVolume",
  "typeDef",
  "version",
]);

/** Matches the root fields that load an object by its id, such as `loadContainerFromID`. */
export const LOAD_FIELD = /^load[A-Z]\w*FromID$/;

/** Fields that only describe the engine. */
export const INTROSPECTION_FIELDS: ReadonlySet<string> = new Set([
  "version",
  "__schema",
  "__type",
  "__typename",
]);

/** Fields that read the contents of an image or repository, not only metadata. */
export const CONTENT_FIELDS: ReadonlySet<string> = new Set([
  "asTarball",
  "combinedOutput",
  "contents",
  "digest",
  "entries",
  "exitCode",
  "export",
  "exportImage",
  "fileSize",
  "glob",
  "publish",
  "search",
  "size",
  "start",
  "stderr",
  "stdout",
  "sync",
  "terminal",
  "up",
]);

/**
 * Fields of a container that read the layers of its image. A request without these fields reads no layers.
 */
export const LAYER_FIELDS: ReadonlySet<string> = new Set([
  "asService",
  "asTarball",
  "directory",
  "export",
  "exportImage",
  "file",
  "publish",
  "rootfs",
  "terminal",
  "withExec",
]);

/** Fields whose answer is an id. */
export const ID_FIELDS: ReadonlySet<string> = new Set(["id", "start", "stop", "sync"]);

/** The side effects of fields below the root. */
export const EFFECT_FIELDS: ReadonlyMap<string, SideEffect> = new Map([
  ["publish", "publish"],
  ["export", "export"],
  ["exportImage", "export"],
  ["up", "service"],
  ["start", "service"],
]);

/** Fields of `address` that make the engine clone a git remote. */
export const GIT_ADDRESS_FIELDS: ReadonlySet<string> = new Set([
  "directory",
  "file",
  "gitRef",
  "gitRepository",
]);

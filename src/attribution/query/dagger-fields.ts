/** The fields of Dagger's API that tell what a request does, by name. */

/**
 * The fields at the root of a query, of engines 0.15 to 1.0 beta; any other is a function of a
 * module. The `load...FromID` family is known by its shape.
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

/** Whether a field at the root of a query is a function of a module. */
export function isFunctionField(name: string): boolean {
  return !CORE_FIELDS.has(name) && !/^load[A-Z]\w*FromID$/.test(name);
}

/** Fields that say what an engine is, and touch nothing else. */
export const INTROSPECTION_FIELDS: ReadonlySet<string> = new Set([
  "version",
  "__schema",
  "__type",
  "__typename",
]);

/** Fields that read what was fetched, rather than what is known of it. */
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

/** Fields of a container without which nothing of its image's layers is read. */
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

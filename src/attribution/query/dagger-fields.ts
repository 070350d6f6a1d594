/** Fields of Dagger's API, by name, that show what a request does. */

/**
 * The root fields of a query, in engines 0.15 to 1.0 beta. Any other is a function of a module. The
 * `load...FromID` family is recognized by its form.
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

/** Returns whether a root field of a query is a function of a module. */
export function isFunctionField(name: string): boolean {
  return !CORE_FIELDS.has(name) && !/^load[A-Z]\w*FromID$/.test(name);
}

/** Fields that only describe the engine. */
export const INTROSPECTION_FIELDS: ReadonlySet<string> = new Set([
  "version",
  "__schema",
  "__type",
  "__typename",
]);

/** Fields that read fetched content, beyond its metadata. */
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

/** Fields of a container that read the layers of its image. Without them no layer is read. */
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

/** The part of the Dagger API that the double supports, as a GraphQL schema. */

import { buildSchema, type GraphQLSchema } from "graphql";

/** The types whose objects have ids. Each has a field `load...FromID`. */
export const TYPES_WITH_IDS = [
  "CacheVolume",
  "Container",
  "CurrentModule",
  "Directory",
  "EnvVariable",
  "Error",
  "File",
  "FunctionCall",
  "FunctionCallArgValue",
  "GitRef",
  "GitRepository",
  "Host",
  "Label",
  "Secret",
] as const;

const IDS = TYPES_WITH_IDS.map((name) => `scalar ${name}ID`).join("\n");

const LOADERS = TYPES_WITH_IDS.map((name) => `  load${name}FromID(id: ${name}ID!): ${name}!`).join(
  "\n",
);

const SDL = `
"An operating system and architecture, such as linux/amd64."
scalar Platform
"Any value, as the text of its JSON."
scalar JSON
"No value."
scalar Void
${IDS}

"Anything that has an id."
interface Node { id: ID! }

"Which ends of a command are no error."
enum ReturnType { SUCCESS FAILURE ANY }

"What a path may be expected to be."
enum ExistsType { REGULAR_TYPE DIRECTORY_TYPE SYMLINK_TYPE }

"Who may use a cache at the same time."
enum CacheSharingMode { SHARED PRIVATE LOCKED }

enum NetworkProtocol { TCP UDP }

type Query implements Node {
  id: ID!
  cacheVolume(key: String!, sharing: CacheSharingMode, owner: String): CacheVolume!
  container(platform: Platform): Container!
  currentFunctionCall: FunctionCall!
  currentModule: CurrentModule!
  defaultPlatform: Platform!
  directory: Directory!
  error(message: String!): Error!
  file(name: String!, contents: String!, permissions: Int = 420): File!
  git(url: String!, keepGitDir: Boolean = true): GitRepository!
  host: Host!
  http(url: String!, name: String, permissions: Int): File!
  node(id: ID!): Node
  secret(uri: String!, cacheKey: String): Secret!
  setSecret(name: String!, plaintext: String!): Secret!
  version: String!
${LOADERS}
}

type Container implements Node {
  id: ID!
  combinedOutput: String!
  defaultArgs: [String!]!
  directory(path: String!, expand: Boolean = false): Directory!
  entrypoint: [String!]!
  envVariable(name: String!): String
  envVariables: [EnvVariable!]!
  exists(path: String!, expectedType: ExistsType, doNotFollowSymlinks: Boolean = false, expand: Boolean = false): Boolean!
  exitCode: Int!
  export(path: String!, expand: Boolean = false): String!
  file(path: String!, expand: Boolean = false): File!
  from(address: String!): Container!
  imageRef: String!
  label(name: String!): String
  labels: [Label!]!
  platform: Platform!
  publish(address: String!): String!
  rootfs: Directory!
  stderr: String!
  stdout: String!
  sync: ID!
  user: String!
  withAnnotation(name: String!, value: String!): Container!
  withDefaultArgs(args: [String!]!): Container!
  withDirectory(path: String!, source: ID!, exclude: [String!] = [], include: [String!] = [], owner: String = "", expand: Boolean = false): Container!
  withEntrypoint(args: [String!]!, keepDefaultArgs: Boolean = false): Container!
  withEnvVariable(name: String!, value: String!, expand: Boolean = false): Container!
  withExec(args: [String!]!, useEntrypoint: Boolean = false, stdin: String = "", redirectStdin: String = "", redirectStdout: String = "", redirectStderr: String = "", expect: ReturnType = SUCCESS, insecureRootCapabilities: Boolean = false, expand: Boolean = false, noInit: Boolean = false): Container!
  withExposedPort(port: Int!, protocol: NetworkProtocol = TCP, description: String, experimentalSkipHealthcheck: Boolean = false): Container!
  withFile(path: String!, source: ID!, permissions: Int, owner: String = "", expand: Boolean = false): Container!
  withFiles(path: String!, sources: [ID!]!, permissions: Int, owner: String = "", expand: Boolean = false): Container!
  withLabel(name: String!, value: String!): Container!
  withMountedCache(path: String!, cache: ID!, sharing: CacheSharingMode = SHARED, owner: String = "", expand: Boolean = false): Container!
  withMountedDirectory(path: String!, source: ID!, owner: String = "", readOnly: Boolean = false, expand: Boolean = false): Container!
  withMountedFile(path: String!, source: ID!, owner: String = "", expand: Boolean = false): Container!
  withMountedSecret(path: String!, source: ID!, owner: String = "", mode: Int = 256, expand: Boolean = false): Container!
  withMountedTemp(path: String!, size: Int, expand: Boolean = false): Container!
  withNewFile(path: String!, contents: String!, permissions: Int = 420, owner: String = "", expand: Boolean = false): Container!
  withRegistryAuth(address: String!, username: String!, secret: ID!): Container!
  withSecretVariable(name: String!, secret: ID!): Container!
  withUser(name: String!): Container!
  withWorkdir(path: String!, expand: Boolean = false): Container!
  withoutAnnotation(name: String!): Container!
  withoutDefaultArgs: Container!
  withoutDirectory(path: String!, expand: Boolean = false): Container!
  withoutEntrypoint(keepDefaultArgs: Boolean = false): Container!
  withoutEnvVariable(name: String!): Container!
  withoutExposedPort(port: Int!, protocol: NetworkProtocol = TCP): Container!
  withoutFile(path: String!, expand: Boolean = false): Container!
  withoutFiles(paths: [String!]!, expand: Boolean = false): Container!
  withoutLabel(name: String!): Container!
  withoutRegistryAuth(address: String!): Container!
  withoutSecretVariable(name: String!): Container!
  withoutUser: Container!
  withoutWorkdir: Container!
  workdir: String!
}

type Directory implements Node {
  id: ID!
  digest: String!
  directory(path: String!): Directory!
  entries(path: String): [String!]!
  exists(path: String!, expectedType: ExistsType, doNotFollowSymlinks: Boolean = false): Boolean!
  export(path: String!, wipe: Boolean = false): String!
  file(path: String!): File!
  filter(exclude: [String!] = [], include: [String!] = []): Directory!
  glob(pattern: String!): [String!]!
  name: String!
  sync: ID!
  withDirectory(path: String!, source: ID!, exclude: [String!] = [], include: [String!] = [], owner: String = ""): Directory!
  withFile(path: String!, source: ID!, permissions: Int, owner: String = ""): Directory!
  withFiles(path: String!, sources: [ID!]!, permissions: Int): Directory!
  withNewDirectory(path: String!, permissions: Int): Directory!
  withNewFile(path: String!, contents: String!, permissions: Int = 420): Directory!
  withoutDirectory(path: String!): Directory!
  withoutFile(path: String!): Directory!
  withoutFiles(paths: [String!]!): Directory!
}

type File implements Node {
  id: ID!
  contents(offsetLines: Int, limitLines: Int): String!
  digest(excludeMetadata: Boolean = false): String!
  export(path: String!, allowParentDirPath: Boolean = false): String!
  name: String!
  size: Int!
  sync: ID!
  withName(name: String!): File!
}

type Host implements Node {
  id: ID!
  directory(path: String!, exclude: [String!] = [], include: [String!] = [], noCache: Boolean = false): Directory!
  file(path: String!, noCache: Boolean = false): File!
}

type GitRepository implements Node {
  id: ID!
  branch(name: String!): GitRef!
  commit(id: String!): GitRef!
  head: GitRef!
  ref(name: String!): GitRef!
  tag(name: String!): GitRef!
  url: String!
}

type GitRef implements Node {
  id: ID!
  commit: String!
  ref: String!
  tree(discardGitDir: Boolean = false, depth: Int = 1): Directory!
}

type Secret implements Node {
  id: ID!
  name: String!
  plaintext: String!
  uri: String!
}

type CacheVolume implements Node {
  id: ID!
}

type CurrentModule implements Node {
  id: ID!
  name: String!
}

type FunctionCall implements Node {
  id: ID!
  inputArgs: [FunctionCallArgValue!]!
  name: String!
  parent: JSON!
  parentName: String!
  returnError(error: ID!): Void
  returnValue(value: JSON!): Void
}

type FunctionCallArgValue implements Node {
  id: ID!
  name: String!
  value: JSON!
}

type Error implements Node {
  id: ID!
  message: String!
  withValue(name: String!, value: JSON!): Error!
}

type Label implements Node {
  id: ID!
  name: String!
  value: String!
}

type EnvVariable implements Node {
  id: ID!
  name: String!
  value: String!
}
`;

export const SCHEMA: GraphQLSchema = buildSchema(SDL);

let withoutLoaders: GraphQLSchema | undefined;

/**
 * Returns the schema of an engine. In 1.0, only the field `node` loads objects by id.
 *
 * @param modules The types and fields of modules, as GraphQL text.
 */
export function schemaOf(isOne: boolean, modules: string): GraphQLSchema {
  const own = () => buildSchema(`${isOne ? SDL.replace(LOADERS, "") : SDL}\n${modules}`);
  if (modules !== "") return own();
  if (!isOne) return SCHEMA;
  withoutLoaders ??= own();
  return withoutLoaders;
}

export function isIdType(typeName: string): boolean {
  return typeName === "ID" || TYPES_WITH_IDS.some((name) => typeName === `${name}ID`);
}

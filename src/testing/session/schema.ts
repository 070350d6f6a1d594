/** The part of the Dagger API that the double speaks, as a GraphQL schema. */

import { buildSchema, type GraphQLSchema } from "graphql";

/** The types that have ids, and so a `load...FromID` each. */
export const TYPES_WITH_IDS = [
  "Container",
  "Directory",
  "EnvVariable",
  "File",
  "GitRef",
  "GitRepository",
  "Host",
  "Secret",
] as const;

const IDS = TYPES_WITH_IDS.map((name) => `scalar ${name}ID`).join("\n");

const LOADERS = TYPES_WITH_IDS.map((name) => `  load${name}FromID(id: ${name}ID!): ${name}!`).join(
  "\n",
);

const SDL = `
"An operating system and architecture, such as linux/amd64."
scalar Platform
${IDS}

"Anything that has an id."
interface Node { id: ID! }

"Which ends of a command are no error."
enum ReturnType { SUCCESS FAILURE ANY }

type Query implements Node {
  id: ID!
  container(platform: Platform): Container!
  defaultPlatform: Platform!
  directory: Directory!
  file(name: String!, contents: String!, permissions: Int = 420): File!
  git(url: String!, keepGitDir: Boolean = true): GitRepository!
  host: Host!
  http(url: String!, name: String, permissions: Int): File!
  node(id: ID!): Node
  secret(uri: String!): Secret!
  setSecret(name: String!, plaintext: String!): Secret!
  version: String!
${LOADERS}
}

type Container implements Node {
  id: ID!
  combinedOutput: String!
  defaultArgs: [String!]!
  directory(path: String!): Directory!
  envVariable(name: String!): String
  envVariables: [EnvVariable!]!
  exitCode: Int!
  export(path: String!): String!
  file(path: String!): File!
  from(address: String!): Container!
  imageRef: String!
  platform: Platform!
  publish(address: String!): String!
  rootfs: Directory!
  stderr: String!
  stdout: String!
  sync: ID!
  withDefaultArgs(args: [String!]!): Container!
  withDirectory(path: String!, source: ID!, exclude: [String!] = [], include: [String!] = []): Container!
  withEnvVariable(name: String!, value: String!, expand: Boolean = false): Container!
  withExec(args: [String!]!, stdin: String = "", expect: ReturnType = SUCCESS): Container!
  withFile(path: String!, source: ID!, permissions: Int): Container!
  withMountedDirectory(path: String!, source: ID!): Container!
  withMountedFile(path: String!, source: ID!): Container!
  withNewFile(path: String!, contents: String!, permissions: Int = 420): Container!
  withSecretVariable(name: String!, secret: ID!): Container!
  withWorkdir(path: String!): Container!
  withoutEnvVariable(name: String!): Container!
  withoutSecretVariable(name: String!): Container!
  withoutWorkdir: Container!
  workdir: String!
}

type Directory implements Node {
  id: ID!
  directory(path: String!): Directory!
  entries(path: String): [String!]!
  export(path: String!, wipe: Boolean = false): String!
  file(path: String!): File!
  sync: ID!
  withDirectory(path: String!, source: ID!, exclude: [String!] = [], include: [String!] = []): Directory!
  withFile(path: String!, source: ID!, permissions: Int): Directory!
  withNewDirectory(path: String!): Directory!
  withNewFile(path: String!, contents: String!, permissions: Int = 420): Directory!
  withoutDirectory(path: String!): Directory!
  withoutFile(path: String!): Directory!
}

type File implements Node {
  id: ID!
  contents: String!
  export(path: String!, allowParentDirPath: Boolean = false): String!
  name: String!
  size: Int!
  sync: ID!
}

type Host implements Node {
  id: ID!
  directory(path: String!, exclude: [String!] = [], include: [String!] = []): Directory!
  file(path: String!): File!
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

type EnvVariable implements Node {
  id: ID!
  name: String!
  value: String!
}
`;

/** The schema. */
export const SCHEMA: GraphQLSchema = buildSchema(SDL);

/** Whether a type is one of ids. */
export function isIdType(typeName: string): boolean {
  return typeName === "ID" || TYPES_WITH_IDS.some((name) => typeName === `${name}ID`);
}

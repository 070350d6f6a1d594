/** All resolvers, and a function that resolves a planned field with them. */

import { traceCall } from "../calls/core-call.js";
import { isOwnBusiness } from "../calls/own-business.js";
import type { Work } from "../engine/context.js";
import { requireCaller } from "../engine/meet-faults.js";
import { Arguments, type TypeResolvers } from "../engine/resolver.js";
import type { EnvVariableValue, LabelValue, QueryValue, Value } from "../engine/values.js";
import { EngineError } from "../faults/wire-errors.js";
import { functionCallQueries, functionCallTypes } from "../modules/function-calls.js";
import { moduleField, openModule } from "../modules/module-resolvers.js";
import type { FieldResolver } from "../query/query-run.js";
import { TYPES_WITH_IDS } from "../query/schema.js";
import { containerResolvers } from "./container/container.js";
import { emptyContainer } from "./container/container-value.js";
import { cacheVolume } from "./container/mounts.js";
import { directoryResolvers, EMPTY_DIRECTORY, fileResolvers, newFile } from "./directory.js";
import { gitRefResolvers, gitRepositoryResolvers, openRepository } from "./git.js";
import { hostResolvers } from "./host.js";
import { download } from "./http.js";
import { secretByUri, secretResolvers, setSecret } from "./secret.js";

const PLATFORM = `linux/${process.arch === "x64" ? "amd64" : process.arch}`;

export const QUERY: QueryValue = { typeName: "Query", key: "query" };

const loaders: TypeResolvers<QueryValue> = Object.fromEntries(
  TYPES_WITH_IDS.map((typeName) => [
    `load${typeName}FromID`,
    (_: QueryValue, args: Arguments) => args.object<{ readonly typeName: string }>("id", typeName),
  ]),
);

const queryResolvers: TypeResolvers<QueryValue> = {
  ...loaders,
  ...functionCallQueries,
  version: (_, __, work) => work.engine.settings.engineVersion,
  defaultPlatform: () => PLATFORM,
  cacheVolume: (_, args) => cacheVolume(args.text("key")),
  container: (_, args) => emptyContainer(args.optionalText("platform") ?? PLATFORM),
  directory: () => EMPTY_DIRECTORY,
  file: (_, args) =>
    newFile(args.text("name"), args.text("contents"), args.optionalNumber("permissions") ?? 0o644),
  git: (_, args, work) => openRepository(work, args.text("url"), args.flag("keepGitDir")),
  host: () => ({ typeName: "Host", key: "host" }),
  http: (_, args, work) =>
    download(
      work,
      args.text("url"),
      args.optionalText("name"),
      args.optionalNumber("permissions") ?? 0o600,
    ),
  node: (_, args) => args.any("id"),
  secret: (_, args, work) =>
    secretByUri(
      args.text("uri"),
      work.engine.isOld ? "" : "rpc error: code = Unknown desc = ",
      () => requireCaller(work),
    ),
  setSecret: (_, args) => setSecret(args.text("name"), args.text("plaintext")),
};

const namedValueResolvers: TypeResolvers<EnvVariableValue | LabelValue> = {
  name: (named) => named.name,
  value: (named) => named.value,
};

export const RESOLVERS: Readonly<Record<string, TypeResolvers<never>>> = {
  ...functionCallTypes,
  Query: queryResolvers,
  Container: containerResolvers,
  Directory: directoryResolvers,
  File: fileResolvers,
  Host: hostResolvers,
  GitRepository: gitRepositoryResolvers,
  GitRef: gitRefResolvers,
  Secret: secretResolvers,
  EnvVariable: namedValueResolvers,
  Label: namedValueResolvers,
  CacheVolume: {},
};

/** Returns the resolver for the fields of one request. */
export function fieldResolver(work: Work): FieldResolver {
  return {
    load: (id, name) => work.session.load(id, name),
    async resolve(typeName, field, parent, args) {
      work.signal.throwIfAborted();
      const { name } = field;
      if (name === "id") return work.session.idOf(parent as Value);
      if (!isOwnBusiness(typeName, name)) work.noticed();
      const added = moduleField(work, typeName, field);
      if (added !== undefined) {
        if (typeName === "Query") openModule(work, name);
        return traceCall(work, { typeName, field, parent, args }, async (traced) =>
          added(traced, args),
        );
      }
      const resolver = RESOLVERS[typeName]?.[name];
      if (resolver === undefined) throw new EngineError(`no resolver for ${typeName}.${name}`);
      return traceCall(work, { typeName, field, parent, args }, async (traced) =>
        resolver(parent as never, new Arguments(args), traced),
      );
    },
  };
}

/**
 * Names that engines know and the double does not. An error for them is special, so that you do not search
 * for a typing mistake.
 */

/** The names by type: a field as `build`, an argument as `http.checksum`. */
const NAMES: Readonly<Record<string, string>> = {
  Query: `address changeset cloud currentEnv currentTypeDefs
    currentWorkspace engine env envFile generatedCode json llm moduleSource sourceMap sshfsVolume
    typeDef cacheVolume.source git.sshKnownHosts git.sshAuthSocket git.httpAuthUsername
    git.httpAuthToken git.httpAuthHeader git.experimentalServiceHost http.checksum http.authHeader
    http.experimentalServiceHost`,
  Container: `asService asTarball build dockerHealthcheck experimentalWithAllGPUs experimentalWithGPU
    exportImage exposedPorts import mounts stat terminal up withDefaultTerminalCmd
    withDockerHealthcheck withEnvFileVariables withError withMountedVolume withRootfs
    withServiceBinding withSymlink withUnixSocket withVolatileVariable withoutDockerHealthcheck
    withoutMount withoutUnixSocket withoutVolatileVariable export.platformVariants
    export.forcedCompression export.mediaTypes from.registryService publish.platformVariants
    publish.forcedCompression publish.mediaTypes publish.registryService withDirectory.gitignore
    withDirectory.permissions withExec.experimentalPrivilegedNesting withMountedCache.source`,
  Directory: `asGit asModule asModuleSource changes chown diff dockerBuild findUp search stat terminal
    withChanges withError withPatch withPatchFile withSymlink withTimestamps filter.gitignore
    withDirectory.gitignore withDirectory.permissions`,
  File: "asEnvFile asJSON chown search stat withReplaced withTimestamps",
  Host: "containerImage findUp service setSecretFile tunnel unixSocket directory.gitignore",
  GitRepository: "branches latestVersion tags uncommitted",
  GitRef: "commonAncestor tree.includeTags",
};

/** The same names with their type: `Container.asService`, `Host.directory.gitignore`. */
export const UNSUPPORTED_NAMES: ReadonlySet<string> = new Set(
  Object.entries(NAMES).flatMap(([typeName, names]) => {
    return names.split(/\s+/).map((name) => `${typeName}.${name}`);
  }),
);

/**
 * Returns a better message than the GraphQL library's, if only the double lacks the field or argument.
 * Returns undefined if engines lack it, too.
 */
export function unsupportedText(message: string): string | undefined {
  const field = /^Cannot query field "(\w+)" on type "(\w+)"/.exec(message);
  const argument = /^Unknown argument "(\w+)" on field "(\w+\.\w+)"/.exec(message);
  if (field !== null) {
    const path = `${field[2]}.${field[1]}`;
    const isKnown = UNSUPPORTED_NAMES.has(path) || /^Query\.load[A-Z]\w*FromID$/.test(path);
    return isKnown ? `the session double does not support "${path}"` : undefined;
  }
  const path = argument && `${argument[2]}.${argument[1]}`;
  return path !== null && UNSUPPORTED_NAMES.has(path)
    ? `the session double does not support the argument "${argument?.[1]}" of "${argument?.[2]}"`
    : undefined;
}

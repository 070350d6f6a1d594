/** The fields of `GitRepository` and `GitRef`: remotes are really asked, and really cloned. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Work } from "../context.js";
import type { CommandResult } from "../exec.js";
import { type MetFault, meetFaults, requireCaller } from "../meet-faults.js";
import { hostNames, plannedNetworkError } from "../network-errors.js";
import { contentKey } from "../scratch.js";
import { steppedTree } from "../tree.js";
import type { DirectoryValue, GitRefValue, GitRepositoryValue } from "../values.js";
import { EngineError } from "../wire-errors.js";
import { treeDirectory } from "./directory.js";
import { askRefs, gitStatusError, refsUrl } from "./git-refs.js";
import type { Arguments, TypeResolvers } from "./resolver.js";

/** Asks a remote for its refs, once per session. */
export async function openRepository(
  work: Work,
  url: string,
  keepGitDir: boolean,
): Promise<GitRepositoryValue> {
  await requireCaller(work);
  const key = contentKey("git", url, keepGitDir);
  return work.session.resolutions.join(`git ${key}`, work.signal, async (signal) => {
    const joint = { ...work, signal };
    if (/^ssh:\/\/|^[\w.-]+@[\w.-]+:/.test(url)) {
      throw new EngineError(
        "git authentication failed: SSH URLs are not supported without an SSH socket",
      );
    }
    await ask(joint, url, "refs");
    const refs = await askRefs(joint, url, runGit);
    return { typeName: "GitRepository", key, url, keepGitDir, refs };
  });
}

/** Counts a request to a remote and lets it meet its fault. */
async function ask(work: Work, url: string, what: "refs" | "pack"): Promise<void> {
  const remote = URL.canParse(url) ? new URL(url) : undefined;
  const hosts = remote === undefined || remote.hostname === "" ? [] : hostNames(remote);
  for (const host of hosts) work.engine.countRequests(host, 1);
  if (what === "pack") return;
  const met = await meetFaults(work, {
    operation: "git",
    hosts,
    text: url,
  });
  if (met !== undefined) throw plannedError(met, url);
}

function plannedError({ fault }: MetFault, url: string): EngineError {
  if (fault.kind === "status") return gitStatusError(url, fault.status, fault.body);
  if (fault.kind === "cutBody") return packError(128);
  const refs = refsUrl(url);
  return new EngineError(`Get "${refs.href}": ${plannedNetworkError(fault, refs)}`);
}

function packError(exitCode: number): EngineError {
  return new EngineError(`git error: exit status ${exitCode}`, { traced: true });
}

function refAt(repository: GitRepositoryValue, ref: string): GitRefValue {
  const commit = repository.refs.get(`${ref}^{}`) ?? repository.refs.get(ref);
  if (commit === undefined) throw new EngineError(`repository does not contain ref "${ref}"`);
  return {
    typeName: "GitRef",
    key: contentKey(repository.key, ref, commit),
    repository,
    ref,
    commit,
  };
}

function anyRef(repository: GitRepositoryValue, name: string): GitRefValue {
  if (/^[0-9a-f]{40}$/.test(name)) return commitRef(repository, name);
  const full = [name, `refs/heads/${name}`, `refs/tags/${name}`].find((ref) =>
    repository.refs.has(ref),
  );
  return refAt(repository, full ?? name);
}

function commitRef(repository: GitRepositoryValue, commit: string): GitRefValue {
  const key = contentKey(repository.key, commit);
  return { typeName: "GitRef", key, repository, ref: commit, commit };
}

function tree({ repository, ref, commit }: GitRefValue, args: Arguments): DirectoryValue {
  const depth = args.optionalNumber("depth") ?? 1;
  const keepGitDir = repository.keepGitDir && !args.flag("discardGitDir");
  const key = contentKey("git tree", repository.url, commit, depth, keepGitDir);
  return treeDirectory(
    steppedTree(key, (work) =>
      work.engine.steps.join(`checkout ${key}`, work.signal, async (signal) => {
        const joint = { ...work, signal };
        const folder = await work.engine.scratch.newFolder("git");
        await ask(joint, repository.url, "pack");
        const limit = depth > 0 ? [`--depth=${depth}`] : [];
        await mustGit(joint, folder, ["init", "--quiet"]);
        await mustGit(joint, folder, ["fetch", "--quiet", ...limit, repository.url, ref]);
        await mustGit(joint, folder, ["checkout", "--quiet", "--detach", commit]);
        if (!keepGitDir) await rm(join(folder, ".git"), { recursive: true, force: true });
        return folder;
      }),
    ),
  );
}

async function mustGit(work: Work, folder: string, args: readonly string[]): Promise<void> {
  const { exitCode } = await runGit(work, folder, args);
  if (exitCode !== 0) throw packError(exitCode);
}

/** Runs the `git` executable. It never asks for a password. */
function runGit(work: Work, folder: string, args: readonly string[]): Promise<CommandResult> {
  const environment: Record<string, string> = { GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
  for (const name of ["PATH", "HOME"]) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return work.engine.gitProcesses.run(
    { args: ["git", ...args], folder, environment, stdin: undefined },
    work.signal,
  );
}

/** The resolvers of `GitRepository`. */
export const gitRepositoryResolvers: TypeResolvers<GitRepositoryValue> = {
  branch: (repository, args) => refAt(repository, `refs/heads/${args.text("name")}`),
  tag: (repository, args) => refAt(repository, `refs/tags/${args.text("name")}`),
  head: (repository) => refAt(repository, "HEAD"),
  ref: (repository, args) => anyRef(repository, args.text("name")),
  commit: (repository, args) => commitRef(repository, args.text("id")),
  url: (repository) => repository.url,
};

/** The resolvers of `GitRef`. */
export const gitRefResolvers: TypeResolvers<GitRefValue> = {
  commit: (ref) => ref.commit,
  ref: (ref) => ref.ref,
  tree,
};

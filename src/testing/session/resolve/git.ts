/** The fields of `GitRepository` and `GitRef`. Remotes are really contacted and cloned. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { CallSpan } from "../calls/call-span.js";
import { innerCallAttributes } from "../calls/core-call.js";
import type { Work } from "../engine/context.js";
import { type CommandResult, inherited } from "../engine/exec.js";
import { type MetFault, meetFaults, requireCaller } from "../engine/meet-faults.js";
import type { Arguments, TypeResolvers } from "../engine/resolver.js";
import { steppedTree } from "../engine/tree.js";
import type { DirectoryValue, GitRefValue, GitRepositoryValue } from "../engine/values.js";
import { hostNames, plannedNetworkError } from "../faults/network-errors.js";
import { EngineError } from "../faults/wire-errors.js";
import { contentKey } from "../files/scratch.js";
import { failedEnd, nowNs, SCOPES } from "../traces/active-span.js";
import { treeDirectory } from "./directory.js";
import { askRefs, gitStatusError, refsUrl } from "./git-refs.js";

/** Reads the refs of a remote, once per session. */
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
    const refs = await tracedRefs(joint, url, async () => {
      await ask(joint, url, "refs");
      return askRefs(joint, url, runGit);
    });
    return { typeName: "GitRepository", key, url, keepGitDir, refs };
  });
}

/**
 * Creates the span of `git ls-remote` as an engine does. An engine first reads the refs without a span. The
 * span comes after a success, or if git itself is run to explain the failure.
 */
async function tracedRefs<T>(work: Work, url: string, askRefs: () => Promise<T>): Promise<T> {
  const startNs = nowNs();
  let refs: T;
  try {
    refs = await askRefs();
  } catch (error) {
    // Only an error with git's own message has a span.
    if (error instanceof EngineError && error.traced) endListing(work, url, startNs, error);
    throw error;
  }
  endListing(work, url, startNs);
  return refs;
}

function endListing(work: Work, url: string, startNs: string, error?: EngineError): void {
  const { span } = work;
  if (!work.engine.isOld) {
    const mirror = innerCallAttributes("_remoteGitMirror", "RemoteGitMirror", [["remoteURL", url]]);
    new CallSpan(work, "Query._remoteGitMirror", mirror, { startNs }).end();
  }
  const internal = { "dagger.io/ui.internal": true };
  const metadata = span.child(SCOPES.core, "git remote metadata", internal, startNs);
  const listing = metadata.child(
    SCOPES.git,
    `git ls-remote --symref ${url}`,
    ENCAPSULATED,
    startNs,
  );
  const end = error === undefined ? {} : failedEnd(error);
  listing.end(end);
  metadata.end(end);
}

const ENCAPSULATED = { "dagger.io/ui.encapsulated": true };

/** Counts a request to a remote, and applies a planned fault. */
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

/** Returns the files of a commit. Engines from 0.21 on fetch them at once, older ones when they are read. */
async function tree(gitRef: GitRefValue, args: Arguments, work: Work): Promise<DirectoryValue> {
  const { repository, commit } = gitRef;
  const depth = args.optionalNumber("depth") ?? 1;
  const keepGitDir = repository.keepGitDir && !args.flag("discardGitDir");
  const key = contentKey("git tree", repository.url, commit, depth, keepGitDir);
  const files = steppedTree({
    key,
    locate: (user) =>
      user.engine.steps.join(`checkout ${key}`, user.signal, (signal) =>
        checkout({ ...user, signal }, gitRef, depth, keepGitDir),
      ),
  });
  if (!work.engine.isOld) await files.locate(work);
  return treeDirectory(files);
}

async function checkout(
  work: Work,
  { repository: { url }, ref, commit }: GitRefValue,
  depth: number,
  keepGitDir: boolean,
): Promise<string> {
  const folder = await work.engine.scratch.newFolder("git");
  await ask(work, url, "pack");
  const limit = depth > 0 ? [`--depth=${depth}`] : [];
  const git = (args: readonly string[], shown: string) => mustGit(work, folder, args, shown);
  await git(["init", "--quiet"], "-c init.defaultBranch=main init --bare --quiet");
  await git(["remote", "add", "origin", url], `remote add origin ${url}`);
  const tags = work.engine.isOld ? "--tags" : "--no-tags";
  const fetched = [tags, "--update-head-ok", "--force", ...limit, "origin", commit];
  const fetch = (traced: Work, shown: string) =>
    mustGit(traced, folder, ["fetch", "--quiet", ...limit, "origin", ref], shown);
  if (work.engine.isOne) {
    const span = work.span.child(SCOPES.tracer, `fetching ${url}`, ENCAPSULATED);
    await span.run(
      () => fetch({ ...work, span }, `fetch --progress ${fetched.join(" ")}`),
      () => ({ status: "unset" }),
    );
  } else await fetch(work, `fetch ${fetched.join(" ")}`);
  const branch = ref.replace(/^refs\/(?:heads|tags)\//, "");
  await git(["checkout", "--quiet", "--detach", commit], `checkout ${branch}`);
  if (!keepGitDir) await rm(join(folder, ".git"), { recursive: true, force: true });
  return folder;
}

/** Runs a git command in a span with the name that the engine's command has. Throws if it fails. */
async function mustGit(
  work: Work,
  folder: string,
  args: readonly string[],
  shown: string,
): Promise<void> {
  const buildkit = work.engine.isOld && { buildkit: true };
  const span = work.span.child(SCOPES.git, `git ${shown}`, { ...buildkit, ...ENCAPSULATED });
  await span.run(async () => {
    const { exitCode } = await runGit(work, folder, args);
    if (exitCode !== 0) throw packError(exitCode);
  });
}

/** Runs `git`. It never asks for a password. */
function runGit(work: Work, folder: string, args: readonly string[]): Promise<CommandResult> {
  const environment = { GIT_TERMINAL_PROMPT: "0", LC_ALL: "C", ...inherited(["PATH", "HOME"]) };
  return work.engine.gitProcesses.run(
    { args: ["git", ...args], folder, environment, stdin: undefined },
    work.signal,
  );
}

export const gitRepositoryResolvers: TypeResolvers<GitRepositoryValue> = {
  branch: (repository, args) => refAt(repository, `refs/heads/${args.text("name")}`),
  tag: (repository, args) => refAt(repository, `refs/tags/${args.text("name")}`),
  head: (repository) => refAt(repository, "HEAD"),
  ref: (repository, args) => anyRef(repository, args.text("name")),
  commit: (repository, args) => commitRef(repository, args.text("id")),
  url: (repository) => repository.url,
};

export const gitRefResolvers: TypeResolvers<GitRefValue> = {
  commit: (ref) => ref.commit,
  ref: (ref) => ref.ref,
  tree,
};

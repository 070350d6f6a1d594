/**
 * `withExec`: runs a command as a process of this machine. Paths of the container are moved to a scratch
 * folder.
 */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { ExecTrace } from "../../calls/exec-trace.js";
import type { Work } from "../../engine/context.js";
import { type CommandResult, inherited } from "../../engine/exec.js";
import { meetFaults, requireCaller } from "../../engine/meet-faults.js";
import { steppedTree, type Tree } from "../../engine/tree.js";
import type { ContainerValue, ExecStep } from "../../engine/values.js";
import { execError } from "../../faults/wire-errors.js";
import { isClaimed, toContainerPaths, toHostPaths } from "../../files/container-paths.js";
import { placeIn } from "../../files/place-in.js";
import { makeFolderAt, writeAt } from "../places.js";
import { fetchContents } from "./image.js";
import { mountAll } from "./mounts.js";

/** The outputs of a command that has ended, and the container's files at that time. */
export interface ExecResult extends Omit<CommandResult, "bytes"> {
  readonly folder: string;
}

/** Returns the key under which the span of a command's call is kept. */
export function execSpanKey({ key }: ExecStep): string {
  return `exec ${key}`;
}

/** Returns the files that a command leaves. */
export function execTree(step: ExecStep): Tree {
  const locate = async (work: Work) => (await runExec(step, work)).folder;
  return steppedTree({ key: step.key, locate });
}

/** Runs a command, unless an equal one has run or is running. */
export function runExec(step: ExecStep, work: Work): Promise<ExecResult> {
  return work.engine.steps.join(`exec ${step.key}`, work.signal, (signal) =>
    execute(step, { ...work, signal }),
  );
}

async function execute(step: ExecStep, work: Work): Promise<ExecResult> {
  const { container } = step;
  // Runs the earlier commands of the chain first. If one fails, this one never starts.
  if (container.lastExec !== undefined) await runExec(container.lastExec, work);
  else if (container.image !== undefined) await fetchContents(work, container.image);
  const args = step.args.length > 0 ? step.args : ["sh"];
  await requireCaller(work);
  await meetFaults(work, { operation: "withExec", hosts: [], text: args.join(" ") });
  const root = await work.engine.scratch.newFolder("exec");
  await container.rootfs.fill(root, work);
  const folder = await makeFolderAt(root, container.workdir ?? "/");
  const secrets = await readSecrets(container);
  const unmountAll = await mountAll(container, root, work);
  const call = work.span.kept(execSpanKey(step)) ?? work.span;
  const traced = call.isTraced && {
    ...(await work.session.telemetry.environment()),
    TRACEPARENT: call.traceparent(),
  };
  const trace = new ExecTrace(work, call);
  let ended: CommandResult;
  try {
    ended = await work.engine.processes.run(
      {
        args: args.map((arg) => toHostPaths(arg, container.claims, root)),
        folder,
        environment: { ...traced, ...environmentOf(container, secrets, root) },
        stdin: await inputOf(step, root),
      },
      work.signal,
    );
    await redirectOutputs(step, root, ended.bytes);
  } catch (error) {
    trace.fail(error);
    throw error;
  } finally {
    await unmountAll();
  }
  const hidden = await hiddenTexts(container, secrets);
  const show = (output: string) => toContainerPaths(masked(output, hidden), root);
  const result: ExecResult = {
    exitCode: ended.exitCode,
    stdout: show(ended.stdout),
    stderr: show(ended.stderr),
    combined: show(ended.combined),
    folder: root,
  };
  const failed = step.expect !== "ANY" && (ended.exitCode === 0) !== (step.expect === "SUCCESS");
  const error = failed ? execError({ ...result, command: args }) : undefined;
  trace.end(ended.exitCode, error);
  if (error !== undefined) throw error;
  return result;
}

async function inputOf({ redirects, container, stdin }: ExecStep, root: string) {
  const { stdin: path } = redirects;
  if (path === undefined) return stdin;
  const own = await placeIn(root, path);
  const isOwn = isClaimed(path, container.claims) || existsSync(own);
  return readFile(isOwn ? own : path);
}

async function redirectOutputs(
  { redirects }: ExecStep,
  root: string,
  bytes: CommandResult["bytes"],
): Promise<void> {
  const { stdout, stderr } = redirects;
  if (stdout !== undefined) await writeAt(root, stdout, bytes.stdout, 0o644);
  if (stderr !== undefined) await writeAt(root, stderr, bytes.stderr, 0o644);
}

type Secrets = ReadonlyMap<string, string>;

async function readSecrets(container: ContainerValue): Promise<Secrets> {
  const read = container.secrets.map(async ({ name, secret }) => {
    return [name, await secret.plaintext()] as const;
  });
  return new Map(await Promise.all(read));
}

/** Returns all texts that outputs must not show: secrets in variables and in mounted files. */
async function hiddenTexts(
  container: ContainerValue,
  secrets: Secrets,
): Promise<readonly string[]> {
  const mounted = container.mounts.flatMap((mount) => {
    return mount.kind === "secret" ? [mount.secret.plaintext()] : [];
  });
  return [...secrets.values(), ...(await Promise.all(mounted))];
}

/** Returns the environment of a command: the variables of the chain, and some of the host that programs need. */
function environmentOf(
  container: ContainerValue,
  secrets: Secrets,
  root: string,
): Record<string, string> {
  const environment: Record<string, string> = {
    HOME: homedir(),
    ...inherited(["TMPDIR", "LANG", "USER"]),
  };
  for (const { name, value } of container.environment) {
    environment[name] = toHostPaths(value, container.claims, root);
  }
  for (const [name, plaintext] of secrets) environment[name] = plaintext;
  return environment;
}

function masked(output: string, hidden: readonly string[]): string {
  let shown = output;
  for (const plaintext of hidden) {
    if (plaintext !== "") shown = shown.replaceAll(plaintext, "***");
  }
  return shown;
}

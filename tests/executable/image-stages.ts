/** Reads the Dockerfile and runs its stages in folders, because tests have no image builder. */

import { existsSync, statSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";

interface Instruction {
  readonly name: string;
  readonly value: string;
}

/** A stage of a Dockerfile. */
export interface Stage {
  /** The base image. */
  readonly image: string;
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** Returns the stages of a Dockerfile, with the default values of its build arguments. */
export function readStages(text: string): Stage[] {
  const defaults = new Map<string, string>();
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const { name, value } of readInstructions(text)) {
    const stage = stages.at(-1);
    if (name === "FROM") {
      const [image = "", , alias = ""] = value.split(" ");
      stages.push({ image: withValues(image, defaults), name: alias, instructions: [] });
    } else if (stage !== undefined) stage.instructions.push({ name, value });
    else if (name === "ARG") {
      const [key = "", ...rest] = value.split("=");
      defaults.set(key, rest.join("="));
    } else throw new Error(`${name} comes before the first FROM`);
  }
  return stages;
}

function readInstructions(text: string): Instruction[] {
  const lines = text.replaceAll("\\\n", "").split("\n");
  return lines
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name = "", value = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
      if (name === "") throw new Error(`no instruction: ${line}`);
      return { name, value };
    });
}

function withValues(image: string, values: ReadonlyMap<string, string>): string {
  return image.replace(/\$\{(\w+)\}/g, (_, key) => {
    const value = values.get(key);
    if (value === undefined) throw new Error(`${key} has no default`);
    return value;
  });
}

/**
 * Creates the build context according to .dockerignore. That file must first exclude everything, and then
 * list what is allowed.
 */
export async function makeContext(root: string, ignore: string, context: string): Promise<void> {
  const [everything, ...patterns] = ignore.split("\n").filter((line) => /^[^#]/.test(line));
  if (everything !== "*") throw new Error(`.dockerignore begins with ${everything}`);
  const isLetIn = (pattern: string) => pattern.startsWith("!");
  const suffixes = patterns
    .filter((pattern) => !isLetIn(pattern))
    .map((pattern) => pattern.replace(/^src\/\*\*\/\*/, ""));
  for (const path of patterns.filter(isLetIn).map((pattern) => pattern.slice(1))) {
    await cp(join(root, path), join(context, path), {
      recursive: true,
      filter: (source) => !suffixes.some((suffix) => source.endsWith(suffix)),
    });
  }
}

/**
 * Runs a stage in a folder that stands for the root of its file system.
 *
 * @param context The folder from which COPY without --from copies.
 * @param roots The folders of earlier stages, by name.
 * @param run Runs the command of a RUN instruction in a folder.
 */
export async function buildStage(
  { instructions }: Stage,
  root: string,
  context: string,
  roots: Readonly<Record<string, string>>,
  run: (command: string, folder: string) => Promise<void>,
): Promise<void> {
  let folder = root;
  for (const { name, value } of instructions) {
    if (name === "WORKDIR") {
      folder = join(root, value);
      await mkdir(folder, { recursive: true });
    } else if (name === "COPY") await copy(value, root, folder, context, roots);
    else if (name === "RUN") await run(value, folder);
    else if (name !== "USER" && name !== "ENTRYPOINT") throw new Error(`${name} is not understood`);
  }
}

async function copy(
  value: string,
  root: string,
  folder: string,
  context: string,
  roots: Readonly<Record<string, string>>,
): Promise<void> {
  const [, from, paths = ""] = /^(?:--from=(\S+) )?(.+)$/.exec(value) ?? [];
  const origin = from === undefined ? context : roots[from];
  if (origin === undefined) throw new Error(`there is no stage ${from}`);
  const words = paths.split(" ");
  const target = words.at(-1) ?? "";
  if (!target.endsWith("/")) throw new Error(`COPY ${value}: a folder ends with a slash`);
  const destination = target.startsWith("/") ? join(root, target) : resolve(folder, target);
  for (const source of words.slice(0, -1)) {
    const path = join(origin, source);
    if (!existsSync(path)) throw new Error(`COPY ${value}: there is no ${source}`);
    // COPY copies the contents of a folder, and not the folder itself.
    const isFolder = statSync(path).isDirectory();
    await cp(path, isFolder ? destination : join(destination, basename(source)), {
      recursive: true,
    });
  }
}

/** `mirrors write`: adds mirrors to a configuration, and prints the next steps. */

import { dirname, join } from "node:path";
import { EXIT } from "../exit-codes.js";
import { shown } from "../plain-text.js";
import { replaceFile } from "../replace-file.js";
import { CommandError, printLines, say, type Terminal } from "../terminal.js";
import { parseMirror, registryProblem } from "./addresses.js";
import { type ConfigFile, chooseConfigFile, readConfigFile } from "./config-file.js";
import { editConfig, type MirrorChanges, tomlForm, UnsafeEditError } from "./edit.js";
import { type ConfigFormat, ConfigSyntaxError, readEngineConfig } from "./engine-config.js";

export interface WriteOptions {
  readonly file?: string;
  readonly format?: ConfigFormat;
  readonly dryRun?: true;
}

/** The maximum number of mirrors of a registry. Each mirror that is down delays every pull. */
const MAX_MIRRORS = 16;

/** Writes mirrors and returns the exit code. */
export async function writeMirrors(
  assignments: readonly string[],
  options: WriteOptions,
  terminal: Terminal,
): Promise<number> {
  const changes = readAssignments(assignments);
  const file = chooseConfigFile(options, terminal.env);
  const toml = file.format === "toml" ? file.path : join(dirname(file.path), "engine.toml");
  const tomlText = await readConfigFile(toml);
  if (file.format === "toml" || tomlText !== undefined) {
    printForms(changes, toml, tomlText, terminal);
    return EXIT.mirrorsInvalid;
  }
  const before = await readConfigFile(file.path);
  const after = edited(before, file, changes);
  if (options.dryRun) {
    terminal.stdout.write(after);
    return EXIT.ok;
  }
  if (after === before) {
    say(terminal, `nothing to change in ${file.path}`);
    return EXIT.ok;
  }
  await replaceFile(file.path, after);
  printLines(terminal, [
    `${before === undefined ? "created" : "changed"} ${file.path}`,
    ...[...changes.mirrors].map(([registry, mirrors]) => `${registry} -> ${mirrors.join(", ")}`),
  ]);
  for (const line of nextSteps(file)) say(terminal, line);
  return EXIT.ok;
}

/**
 * Prints the mirrors in both formats, and why no file was written. The user must choose one file.
 * If both files have an entry for a registry, the engine ignores one of the entries completely.
 */
function printForms(
  changes: MirrorChanges,
  toml: string,
  tomlText: string | undefined,
  terminal: Terminal,
): void {
  printLines(terminal, [
    "engine.json:",
    ...editConfig(undefined, changes).trimEnd().split("\n"),
    "",
    "engine.toml:",
    ...tomlForm(changes).trimEnd().split("\n"),
  ]);
  const why = tomlText === undefined ? "this command writes only engine.json" : `${toml} exists`;
  say(terminal, `nothing was written: ${why}. Put the mirrors into one of the two files yourself.`);
  say(
    terminal,
    "An entry of engine.json replaces the whole entry of engine.toml for the same registry.",
  );
  const hidden = registriesOf(tomlText).filter((name) => changes.mirrors.has(name));
  if (hidden.length > 0) say(terminal, `${toml} already has an entry for ${hidden.join(", ")}.`);
}

/** Returns the registries of an engine.toml; none if the text is invalid. */
function registriesOf(toml: string | undefined): string[] {
  try {
    return [...readEngineConfig(toml ?? "", "toml").registries.keys()];
  } catch (error) {
    if (error instanceof ConfigSyntaxError) return [];
    throw error;
  }
}

/** Reads arguments such as `docker.io=mirror.gcr.io,cache.example:5000/hub`. */
export function readAssignments(assignments: readonly string[]): MirrorChanges {
  const mirrors = new Map<string, readonly string[]>();
  const plainHttp = new Set<string>();
  for (const assignment of assignments) {
    const equals = assignment.indexOf("=");
    if (equals < 1) {
      throw usage(
        `invalid <registry=mirror> ${shown(assignment)}: expected registry=mirror, such as docker.io=mirror.gcr.io`,
      );
    }
    const registry = assignment.slice(0, equals);
    const problem = registryProblem(registry) ?? folderProblem(registry);
    if (problem !== undefined) throw usage(`invalid registry ${shown(registry)}: ${problem}`);
    if (mirrors.has(registry))
      throw usage(
        `registry ${shown(registry)} is given twice; list all its mirrors after one "=", with commas`,
      );
    mirrors.set(registry, readMirrors(registry, assignment.slice(equals + 1), plainHttp));
  }
  return { mirrors, plainHttp };
}

/**
 * Returns what is wrong with a registry name that an engine would take for a folder of Docker Hub;
 * otherwise undefined. For example, `registry/app` means `docker.io/registry/app`. For a mirror,
 * such a name is valid.
 */
function folderProblem(registry: string): string | undefined {
  if (/[.:]/.test(registry) || registry === "localhost") return undefined;
  return "expected a host with a dot or a port, such as docker.io, since engines take other names for folders of Docker Hub";
}

function readMirrors(registry: string, text: string, plainHttp: Set<string>): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.length > MAX_MIRRORS) {
    throw usage(
      `registry ${shown(registry)} has ${items.length} mirrors; use at most ${MAX_MIRRORS}`,
    );
  }
  const mirrors: string[] = [];
  for (const item of items) {
    const address = parseMirror(item);
    if (address === undefined) {
      throw usage(
        `invalid mirror ${shown(item)} of ${shown(registry)}: expected a host without credentials, such as mirror.gcr.io or cache.example:5000/hub`,
      );
    }
    const mirror = `${address.host}${address.path}`;
    if (mirror === registry)
      throw usage(
        `invalid mirror ${shown(mirror)} of ${shown(registry)}: it is that registry itself; use another host`,
      );
    if (mirrors.includes(mirror))
      throw usage(`mirror ${shown(mirror)} of ${shown(registry)} is given twice; name it once`);
    if (address.scheme === "http") plainHttp.add(address.host);
    mirrors.push(mirror);
  }
  return mirrors;
}

/**
 * Returns the text of the file after the changes. Checks the configuration before and after the
 * edit.
 */
function edited(before: string | undefined, file: ConfigFile, changes: MirrorChanges): string {
  const refuse = (why: string) =>
    new CommandError(`${file.path} was not changed: ${why}`, EXIT.mirrorsInvalid);
  try {
    const { problems } = readEngineConfig(before ?? "{}", "json");
    const errors = problems.filter(({ level }) => level === "error");
    if (errors[0] !== undefined) throw refuse(errors[0].message);
    const after = editConfig(before, changes);
    const { registries } = readEngineConfig(after, "json");
    for (const [registry, mirrors] of changes.mirrors) {
      if (registries.get(registry)?.mirrors.join() !== mirrors.join()) {
        throw refuse(`after the edit, an engine would read other mirrors for ${registry}`);
      }
    }
    return after;
  } catch (error) {
    if (error instanceof ConfigSyntaxError || error instanceof UnsafeEditError) {
      throw refuse(error.message);
    }
    throw error;
  }
}

function nextSteps({ path, standard }: ConfigFile): string[] {
  const custom = `For an engine that you run yourself, mount the file (-v ${path}:/etc/dagger/engine.json) and restart the engine.`;
  const made = standard
    ? [
        "Engines that the dagger command starts read the file when their container is created. So remove the existing container; this also deletes its cache:",
        "  docker rm -f $(docker ps -aq --filter name=dagger-engine-)",
      ]
    : [];
  return [
    ...made,
    custom,
    'Engines before v0.19.0 do not know "registries" and refuse to start with it.',
  ];
}

function usage(message: string): CommandError {
  return new CommandError(message, EXIT.usage);
}

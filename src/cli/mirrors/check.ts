/** `mirrors check`: reads a configuration as an engine would, and asks the mirrors in it. */

import { EXIT } from "../exit-codes.js";
import {
  CommandError,
  type Paint,
  paintFor,
  printJson,
  printLines,
  say,
  type Terminal,
  tableLines,
} from "../terminal.js";
import { askMirrors, type MirrorAnswer } from "./ask.js";
import { chooseConfigFile, readConfigFile } from "./config-file.js";
import {
  type ConfigFormat,
  type ConfigProblem,
  ConfigSyntaxError,
  type EngineConfig,
  readEngineConfig,
} from "./engine-config.js";

export interface CheckOptions {
  readonly file?: string;
  readonly format?: ConfigFormat;
  readonly timeoutMs: number;
  readonly json?: true;
}

/** The result for one mirror of one registry. */
interface CheckedMirror extends MirrorAnswer {
  readonly registry: string;
  readonly mirror: string;
}

/** Checks a configuration and returns the exit code. */
export async function checkMirrors(options: CheckOptions, terminal: Terminal): Promise<number> {
  const { path, format } = chooseConfigFile(options, terminal.env);
  const text = await readConfigFile(path);
  if (text === undefined) {
    throw new CommandError(
      `${path} does not exist; expected an engine's configuration`,
      EXIT.noInput,
    );
  }
  const { registries, problems } = readConfig(text, format);
  const valid = !problems.some(({ level }) => level === "error");
  const checked = valid ? await askAll(registries, options.timeoutMs) : [];
  if (options.json) {
    printJson(terminal, { file: path, format, valid, problems, mirrors: checked.map(forJson) });
  } else {
    const paint = paintFor(terminal);
    printLines(terminal, mirrorLines(checked, paint));
    for (const { level, message } of problems) say(terminal, `${level}: ${path}: ${message}`);
    if (valid && checked.length === 0) say(terminal, `${path} is valid and names no mirror`);
  }
  if (!valid) return EXIT.mirrorsInvalid;
  return checked.every(({ answers }) => answers) ? EXIT.ok : EXIT.mirrorsFailing;
}

function readConfig(text: string, format: ConfigFormat): EngineConfig {
  try {
    return readEngineConfig(text, format);
  } catch (error) {
    if (!(error instanceof ConfigSyntaxError)) throw error;
    const problem: ConfigProblem = { level: "error", message: error.message };
    return { registries: new Map(), problems: [problem] };
  }
}

async function askAll(
  registries: EngineConfig["registries"],
  timeoutMs: number,
): Promise<CheckedMirror[]> {
  const pairs = [...registries].flatMap(([registry, { mirrors }]) =>
    mirrors.map((mirror) => ({ registry, mirror })),
  );
  const answers = await askMirrors(
    pairs.map(({ mirror }) => mirror),
    registries,
    timeoutMs,
  );
  return pairs.flatMap((pair) => {
    const answer = answers.get(pair.mirror);
    return answer === undefined ? [] : [{ ...pair, ...answer }];
  });
}

/** Returns the object for `--json`. Missing values become null, so that every key exists. */
function forJson({ registry, mirror, url, answers, status, durationMs, problem }: CheckedMirror) {
  return {
    registry,
    mirror,
    url,
    answers,
    status: status ?? null,
    durationMs,
    problem: problem ?? null,
  };
}

function mirrorLines(checked: readonly CheckedMirror[], paint: Paint): string[] {
  if (checked.length === 0) return [];
  const rows = checked.map(({ registry, mirror, durationMs, status, problem }) => [
    registry,
    mirror,
    `${durationMs} ms`,
    problem ?? `answers (${status})`,
  ]);
  const [head = "", ...lines] = tableLines([["REGISTRY", "MIRROR", "TIME", "RESULT"], ...rows]);
  return [
    paint.bold(head),
    ...lines.map((line, index) => (checked[index]?.answers ? line : paint.red(line))),
  ];
}

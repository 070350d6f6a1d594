/** Images in Dockerfiles: what FROM, COPY --from and RUN --mount name, but for earlier stages. */

import { expand } from "./build-arguments.js";
import { type Instruction, instructionsOf } from "./instructions.js";
import type { Mention } from "./mention.js";

/** Finds the images that a Dockerfile builds on. */
export function mentionsInDockerfile(text: string): Mention[] {
  const mentions: Mention[] = [];
  const values = new Map<string, string>();
  const stages = new Set<string>();
  let began = false;
  for (const instruction of instructionsOf(text)) {
    const { keyword, rest } = instruction;
    if (keyword === "ARG" && !began) readArguments(rest, values);
    else if (keyword === "FROM") {
      began = true;
      mentions.push(...readFrom(instruction, values, stages));
    } else if (keyword === "COPY" || keyword === "ADD" || keyword === "RUN") {
      mentions.push(...readSources(instruction, stages));
    }
  }
  return mentions;
}

/** Only the arguments before the first FROM are known to FROM. */
function readArguments(rest: string, values: Map<string, string>): void {
  for (const [, name = "", value] of rest.matchAll(/(\w+)(?:=("[^"]*"|'[^']*'|\S*))?/g)) {
    if (value === undefined) continue;
    const text = value.startsWith("'") ? value : expand(value, values).text;
    values.set(name, unquoted(text ?? ""));
  }
}

const FROM = /^((?:--[a-z]+=\S*\s+)*)("[^"]*"|'[^']*'|\S+)(?:\s+as\s+(\S+))?/i;

function readFrom(
  { rest, offsetAt }: Instruction,
  values: ReadonlyMap<string, string>,
  stages: Set<string>,
): Mention[] {
  const [, flags = "", written = "", stage] = FROM.exec(rest) ?? [];
  if (written === "") return [];
  const image = unquoted(written);
  const offset = offsetAt(flags.length + (image === written ? 0 : 1));
  const { text, used } = expand(image, values);
  const isStage = stages.has((text ?? "").toLowerCase());
  if (stage !== undefined) stages.add(stage.toLowerCase());
  if (isStage || text === "scratch") return [];
  if (text === undefined) return [{ offset, text, why: "build-argument" }];
  const platform = /--platform=(\S+)/.exec(flags)?.[1] ?? "";
  const plain = expand(unquoted(platform), values).text ?? "";
  return [{ offset, text, platform: plain, buildArguments: used }];
}

/** `COPY --from=IMAGE` and `RUN --mount=type=bind,from=IMAGE`. */
function readSources(
  { keyword, rest, offsetAt }: Instruction,
  stages: ReadonlySet<string>,
): Mention[] {
  const flags = /^(?:--[a-z-]+(?:=(?:"[^"]*"|[^\s"])*)?\s+)*/.exec(rest)?.[0] ?? "";
  const pattern =
    keyword === "RUN" ? /--mount=\S{0,500}?\bfrom=([^\s,"]+)/dg : /--from=["']?([^\s"']+)/dg;
  return [...flags.matchAll(pattern)].flatMap(({ 1: source = "", indices }): Mention[] => {
    if (/^\d+$/.test(source) || stages.has(source.toLowerCase()) || source === "scratch") return [];
    const offset = offsetAt(indices?.[1]?.[0] ?? 0);
    return source.includes("$")
      ? [{ offset, text: undefined, why: "build-argument" }]
      : [{ offset, text: source }];
  });
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/s, "$2");
}

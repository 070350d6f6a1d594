/** What the title of a step tells: whose words its log holds, and which address it was called with. */

/** Who prints a step's log: a command of the pipeline, or the engine with its tools. */
export type Owner = "command" | "engine";

// Steps that run a command of the pipeline, and steps that the engine, buildkit or the CLI do
// themselves.
const COMMAND_TITLE =
  /^(?:\[[^\]\n]{1,200}\] )?RUN |^(?:Container)?\.?withExec\b|^exec (?!docker\b|podman\b|nerdctl\b|finch\b|container\b|git\b|buildctl\b)|^ERROR: process "/;
const OWN_TITLE =
  /^\[(?:internal|auth)\]|^(?:\[[^\]\n]{1,200}\] )?(?:FROM|ADD|COPY) |^(?:exporting|importing|pushing|pulling|resolve|resolving|load|loading|sending|git|connect|starting|connecting|exec|moduleSource|http|remotes\.|HTTPState)\b|^ERROR: (?!process ")(?:failed to|unexpected|invalid response)/;

/** Whose log a step has that has this title; undefined when the title does not tell. */
export function ownerOf(title: string): Owner | undefined {
  if (COMMAND_TITLE.test(title)) return "command";
  return OWN_TITLE.test(title) ? "engine" : undefined;
}

// Arguments that hold an address which the engine itself asks.
const ADDRESS = /\b(?:url|address|refString): "[^"\s]{1,2048}"/g;
const ARGUMENT_LINE = /^(?:[┆┇)]|\w{1,64}: )/;

/** A title without its arguments but those that hold an address: they are the pipeline's own words. */
export function withoutArguments(title: string): string {
  return title.split("\n").map(plainTitle).join("\n");
}

function plainTitle(line: string): string {
  const isArgument = ARGUMENT_LINE.test(line);
  const bracket = line.indexOf("(");
  if (!isArgument && bracket < 0) return line;
  const addresses = line.match(ADDRESS)?.join(" ") ?? "";
  return isArgument ? addresses : `${line.slice(0, bracket)} ${addresses}`.trimEnd();
}

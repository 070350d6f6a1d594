/** Finds the hosts that a `dagger` command names in its command line or in its standard input. */

import type { UpstreamKind } from "../failure.js";
import { upstreamsOfQuery } from "../query/query-upstreams.js";
import { type CommandHost, hostsInText, hostsOfValue } from "./named-hosts.js";
import { shellWords } from "./shell-words.js";

const DAGGER = /(?:^|[/\\])dagger(?:\.exe)?$/i;
/** The options of `dagger` that name a module. */
const MODULE = /^(?:-m|--mod)$/;
const SCRIPT = /^(?:-c|--command)$/;
const WITH_VALUE = /^(?:-m|--mod|-c|--command|--env|--env-file|--progress|-W|--workspace)$/;
/**
 * Subcommands of `dagger` that run another program. No host is read from such a command line, because its
 * words belong to the other program.
 */
const OTHER_PROGRAM: ReadonlySet<string> = new Set(["run", "session"]);

/**
 * Returns the hosts that a command line names.
 *
 * @param command An array of words that starts with the program, or a text that is split as a shell splits
 * it. Only the words after `dagger` are read.
 * @param input The standard input of the command: the document of `dagger query`, or a script.
 */
export function hostsOfCommand(command: string | readonly string[], input = ""): CommandHost[] {
  const commands = typeof command === "string" ? shellWords(command) : [command];
  return commands.flatMap((words) => {
    const at = words.findIndex((word) => DAGGER.test(word));
    return at < 0 ? [] : hostsOfDagger(words.slice(at + 1), input);
  });
}

function hostsOfDagger(words: readonly string[], input: string): CommandHost[] {
  let at = 0;
  const hosts: CommandHost[] = [];
  let isCore = false;
  let hasScript = false;
  for (let word = words[at]; word?.startsWith("-"); word = words[at]) {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const hasNext = equals < 0 && WITH_VALUE.test(name);
    const value = equals < 0 ? (hasNext ? words[at + 1] : undefined) : word.slice(equals + 1);
    if (SCRIPT.test(name)) {
      hasScript = true;
      hosts.push(...hostsOfScript(value ?? ""));
    } else if (value !== undefined) {
      isCore ||= MODULE.test(name) && value === "core";
      hosts.push(...hostsOfValue(value, MODULE.test(name) ? "git" : undefined));
    }
    at += hasNext ? 2 : 1;
  }
  const verb = words[at];
  const rest = words.slice(at + 1);
  if (verb === "query") return [...hosts, ...hostsOfQuery(input, rest)];
  if (verb === undefined || verb === "shell") {
    return hasScript ? hosts : [...hosts, ...hostsOfScript(input)];
  }
  if (OTHER_PROGRAM.has(verb)) return [];
  return [...hosts, ...hostsOfWords(rest, isCore || verb === "core" ? "each" : "none")];
}

function hostsOfScript(script: string): CommandHost[] {
  return shellWords(script).flatMap((words) => hostsOfWords(words, "first"));
}

/**
 * The words of a call that can name functions of Dagger itself. `first`: the first word, in a script. `each`:
 * every word, for `dagger core`. `none`: no word, for a call of a module's functions.
 */
type Functions = "first" | "each" | "none";

const FLAG = /^--?([a-z][\w-]*)(?:=([\s\S]*))?$/i;
const FUNCTION = /^[a-z][\w-]*$/i;
const KINDS: Readonly<Record<string, UpstreamKind>> = {
  from: "registry",
  publish: "registry",
  git: "git",
  http: "http",
};

/**
 * Returns the hosts in the words of a call. A host in a command for a container has `isAsked` false, because
 * the engine does not contact that host.
 */
function hostsOfWords(words: readonly string[], functions: Functions): CommandHost[] {
  const hosts: CommandHost[] = [];
  let called = "";
  let flag: string | undefined;
  let isOther = false;
  for (const [index, word] of words.entries()) {
    isOther ||= word === "--";
    const [isFlag, name, inline] = FLAG.exec(word) ?? [];
    const isName = functions === "each" ? flag === undefined : functions === "first" && index === 0;
    if (isName && isFlag === undefined && FUNCTION.test(word)) {
      called = word;
      continue;
    }
    const value = isFlag === undefined ? word : inline;
    const option = isFlag === undefined ? flag : name;
    flag = isFlag !== undefined && inline === undefined ? name : undefined;
    if (value === undefined) continue;
    const isOfContainer = isOther || option === "args" || called === "with-exec";
    const kind = Object.hasOwn(KINDS, called) ? KINDS[called] : undefined;
    hosts.push(...(isOfContainer ? hostsInText(value) : hostsOfValue(value, kind)));
  }
  return hosts;
}

function hostsOfQuery(document: string, words: readonly string[]): CommandHost[] {
  const variables: Record<string, unknown> = {};
  for (const [index, word] of words.entries()) {
    const [, name, inline] = FLAG.exec(word) ?? [];
    const value = inline ?? words[index + 1] ?? "";
    if (name === "var") {
      const equals = value.indexOf("=");
      if (equals > 0) variables[value.slice(0, equals)] = value.slice(equals + 1);
    } else if (name === "var-json") {
      Object.assign(variables, parsedObject(value));
    }
  }
  const named = upstreamsOfQuery({ query: document, variables });
  return named.map(({ kind, host }) => ({ kind, host, isAsked: true }));
}

function parsedObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

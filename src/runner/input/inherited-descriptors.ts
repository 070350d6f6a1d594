/**
 * Finds inherited descriptors from 3 on, such as make's job server or `3< file`. Node.js would
 * close them in child processes, so they must be passed on explicitly.
 */

import { readdirSync } from "node:fs";
import { accessOf, descriptorLimit, targetOf } from "./descriptors.js";

const LAST_STANDARD = 2;
/** Descriptors of Node.js itself: epoll, eventfd, io_uring and the like. */
const OWN = /^anon_inode:/;

interface Descriptor {
  readonly number: number;
  readonly target: string;
  readonly reads: boolean;
  readonly writes: boolean;
}

/**
 * Returns the inherited descriptors; none if the system does not show them. Call it before this
 * process opens a file, because that would be returned too.
 */
export function inheritedDescriptors(): readonly number[] {
  const found = descriptors();
  const isPair = ({ target }: Descriptor): boolean =>
    found.some((one) => one.target === target && one.reads) &&
    found.some((one) => one.target === target && one.writes);
  // A pipe with both ends in this process belongs to Node.js, unless our parent has it too.
  const isOwn = (one: Descriptor): boolean =>
    OWN.test(one.target) ||
    (one.target.startsWith("pipe:") && isPair(one) && !parentTargets().has(one.target));
  const numbers = found.filter((one) => !isOwn(one)).map(({ number }) => number);
  const limit = numbers.length === 0 ? 0 : descriptorLimit();
  return numbers.filter((number) => number < limit);
}

function descriptors(): readonly Descriptor[] {
  const channel = (process.channel as { readonly fd?: number } | undefined)?.fd;
  const found: Descriptor[] = [];
  for (const number of numbersOf("self")) {
    const target = number <= LAST_STANDARD || number === channel ? undefined : targetOf(number);
    // Undefined for the descriptor that listed the folder, which is closed now.
    if (target !== undefined) found.push({ number, target, ...accessOf(number) });
  }
  return found.sort((one, other) => one.number - other.number);
}

function parentTargets(): ReadonlySet<string> {
  const { ppid } = process;
  return new Set(numbersOf(ppid).map((number) => targetOf(number, ppid) ?? ""));
}

function numbersOf(pid: number | "self"): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map(Number);
  } catch {
    return []; // Not on Linux, or a process of another user.
  }
}

/**
 * Returns the `stdio` entries from 3 on for `spawn`.
 *
 * @param given For each descriptor of the command, our descriptor to pass.
 */
export function streamsBehind(given: ReadonlyMap<number, number>): readonly ("ignore" | number)[] {
  const streams: ("ignore" | number)[] = [];
  const last = Math.max(LAST_STANDARD, ...given.keys());
  for (let at = LAST_STANDARD + 1; at <= last; at += 1) streams.push(given.get(at) ?? "ignore");
  return streams;
}

/** Returns a map that passes each descriptor on under its own number. */
export function handedOn(descriptors: readonly number[]): ReadonlyMap<number, number> {
  return new Map(descriptors.map((descriptor) => [descriptor, descriptor]));
}

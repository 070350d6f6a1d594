/**
 * Finds inherited descriptors from 3 on, such as make's job server or `3< file`. They must be
 * passed on explicitly, because Node.js would close them in child processes.
 */

import { readdirSync } from "node:fs";
import { accessOf, descriptorLimit, targetOf } from "./descriptors.js";

const LAST_STANDARD = 2;
/**
 * The targets of descriptors that Node.js opens for itself: epoll, eventfd, io_uring and similar
 * ones.
 */
const OWN = /^anon_inode:/;

interface Descriptor {
  readonly number: number;
  readonly target: string;
  readonly reads: boolean;
  readonly writes: boolean;
}

/**
 * Returns the inherited descriptors; none if the system does not show them. Call this function
 * before this process opens a file. Otherwise the result contains that file too.
 */
export function inheritedDescriptors(): readonly number[] {
  const found = descriptors();
  const isPair = ({ target }: Descriptor): boolean =>
    found.some((one) => one.target === target && one.reads) &&
    found.some((one) => one.target === target && one.writes);
  // A pipe with both ends in this process belongs to Node.js, unless the parent process has the
  // pipe too.
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
    // The descriptor that listed the folder has no target, because it is closed now.
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
    return []; // This system is not Linux, or the process belongs to another user.
  }
}

/**
 * Returns the `stdio` entries from 3 on for `spawn`.
 *
 * @param given Maps each descriptor of the command to our own descriptor.
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

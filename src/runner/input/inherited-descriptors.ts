/**
 * Finds inherited descriptors behind the standard streams, such as those of make's job server or of
 * `3< file`. Node.js marks them to be closed in child processes.
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
 * Returns the inherited descriptors; none if the system does not show them. Call it before any file
 * is opened here.
 */
export function inheritedDescriptors(): readonly number[] {
  const found = descriptors();
  const isPair = ({ target }: Descriptor): boolean =>
    found.some((one) => one.target === target && one.reads) &&
    found.some((one) => one.target === target && one.writes);
  // A pipe with both ends here is our own, or our parent's too.
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
    // The descriptor that read the folder is closed by now.
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
 * Returns the streams from 3 on for starting a command.
 *
 * @param given Maps each of its descriptors to one of ours.
 */
export function streamsBehind(given: ReadonlyMap<number, number>): readonly ("ignore" | number)[] {
  const streams: ("ignore" | number)[] = [];
  const last = Math.max(LAST_STANDARD, ...given.keys());
  for (let at = LAST_STANDARD + 1; at <= last; at += 1) streams.push(given.get(at) ?? "ignore");
  return streams;
}

/** Returns a map of descriptors that keep their numbers. */
export function handedOn(descriptors: readonly number[]): ReadonlyMap<number, number> {
  return new Map(descriptors.map((descriptor) => [descriptor, descriptor]));
}

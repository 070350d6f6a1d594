/**
 * Finds the descriptors behind the standard streams that this process was given, such as those of a
 * job server of make or of `3< file`. Node.js marks them to be closed in what it starts.
 */

import { readdirSync } from "node:fs";
import { accessOf, descriptorLimit, targetOf } from "./descriptors.js";

const LAST_STANDARD = 2;
/** Made by Node.js itself: epoll, eventfd, io_uring and the like. */
const OWN = /^anon_inode:/;

interface Descriptor {
  readonly number: number;
  readonly target: string;
  readonly reads: boolean;
  readonly writes: boolean;
}

/**
 * The descriptors that we were given; none where the system does not show them. To be called before
 * anything is opened here.
 */
export function inheritedDescriptors(): readonly number[] {
  const found = descriptors();
  const isPair = ({ target }: Descriptor): boolean =>
    found.some((one) => one.target === target && one.reads) &&
    found.some((one) => one.target === target && one.writes);
  // A pipe of which we have both ends is our own, or one that whoever started us has as well.
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
    // The one by which the folder was read is gone by now.
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
    return []; // Another system, or a process of another user.
  }
}

/**
 * The streams from 3 on that a command is started with.
 *
 * @param given For each of its descriptors, which one of ours it is.
 */
export function streamsBehind(given: ReadonlyMap<number, number>): readonly ("ignore" | number)[] {
  const streams: ("ignore" | number)[] = [];
  const last = Math.max(LAST_STANDARD, ...given.keys());
  for (let at = LAST_STANDARD + 1; at <= last; at += 1) streams.push(given.get(at) ?? "ignore");
  return streams;
}

/** Descriptors that keep their numbers. */
export function handedOn(descriptors: readonly number[]): ReadonlyMap<number, number> {
  return new Map(descriptors.map((descriptor) => [descriptor, descriptor]));
}

/** Checks whether a pipe or a socket is at its end, without consuming data. */

import { closeSync, constants, openSync, readdirSync, readSync } from "node:fs";
import { processTable } from "../process-table.js";
import { type DescriptorKind, targetOf } from "./descriptors.js";

/** The result of the check. */
export interface QueueEnd {
  readonly isAtEnd: boolean;
  /** Data that the check had to read. The command must still get this data. */
  readonly read?: Buffer;
}

const NOT_AT_END: QueueEnd = { isAtEnd: false };
/**
 * The size of the read buffer. The system holds less data for a socket after its peer has closed
 * it.
 */
const SOCKET_BYTES = 1024 * 1024;

/**
 * Checks a pipe or a socket. If the system does not show the end, the result is "not at its end".
 */
export function queueEnd(descriptor: number, kind: DescriptorKind): QueueEnd {
  try {
    return kind === "pipe" ? pipeEnd(descriptor) : socketEnd(descriptor);
  } catch {
    return NOT_AT_END;
  }
}

/**
 * Checks a pipe. `poll` reports a hang-up only if all writers have closed the pipe and the pipe is
 * empty.
 */
function pipeEnd(descriptor: number): QueueEnd {
  // Opens the pipe again, because polling makes a descriptor non-blocking for all processes that
  // share it.
  const { O_RDONLY, O_NONBLOCK } = constants;
  const again = openSync(`/proc/self/fd/${descriptor}`, O_RDONLY | O_NONBLOCK);
  try {
    return { isAtEnd: isHungUp(again) };
  } finally {
    closeSync(again);
  }
}

/**
 * Checks a socket. `poll` reports a hang-up once the peer has closed the socket, even if unread
 * data is left. Only reading shows whether data is left. Reading is safe only if no other process
 * has the socket.
 */
function socketEnd(descriptor: number): QueueEnd {
  if (!isHungUp(descriptor) || isSharedSocket(descriptor)) return NOT_AT_END;
  const buffer = Buffer.alloc(SOCKET_BYTES);
  let length = 0;
  for (;;) {
    const more = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (more === 0) break;
    length += more;
  }
  return length === 0 ? { isAtEnd: true } : { isAtEnd: false, read: buffer.subarray(0, length) };
}

function isSharedSocket(descriptor: number): boolean {
  const socket = targetOf(descriptor);
  if (socket === undefined) return true;
  const table = processTable();
  const parents = new Map(table.map(({ pid, parent }) => [pid, parent]));
  const ancestors = new Set<number>();
  let ancestor = parents.get(process.pid);
  while (ancestor !== undefined && !ancestors.has(ancestor)) {
    ancestors.add(ancestor);
    ancestor = parents.get(ancestor);
  }
  return table.some(({ pid }) => pid !== process.pid && holds(pid, socket, ancestors.has(pid)));
}

/**
 * Returns whether a process has the socket open. The system does not show this for a process of
 * another user. Only our ancestors are then assumed to have the socket, because other processes
 * rarely share it.
 */
function holds(pid: number, socket: string, isAncestor: boolean): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((one) => targetOf(Number(one), pid) === socket);
  } catch {
    return isAncestor;
  }
}

/**
 * The memory layout for WASI's `poll_oneoff`: two subscriptions of 48 bytes, then events of 32
 * bytes, then their count.
 */
const SUBSCRIPTION_BYTES = 48;
const EVENTS_AT = 128;
const COUNT_AT = 256;
const CLOCK = 0;
const READABLE = 1;
const MONOTONIC = 1;
const HANG_UP = 1;
const WAIT_NS = 5_000_000n;
/**
 * The maximum number of polls. On a busy machine, one poll in thirty timed out before it looked at
 * the descriptor.
 */
const POLLS = 5;

/**
 * Returns whether a descriptor is hung up. The first poll that reports on the descriptor decides.
 */
export function isHungUp(descriptor: number): boolean {
  const memory = new Memory({ initial: 1 });
  const { poll_oneoff: poll } = wasiFor(descriptor, memory);
  if (poll === undefined) return false;
  for (let polls = 0; polls < POLLS; polls += 1) {
    const isSeen = seesHangUp(poll, new DataView(memory.buffer));
    if (isSeen !== undefined) return isSeen;
  }
  return false;
}

/**
 * Calls the system's `poll`, which Node.js offers only to WebAssembly. Returns undefined if the
 * poll timed out before it reported on the descriptor.
 */
function seesHangUp(poll: WasiCall, view: DataView): boolean | undefined {
  view.setUint8(8, READABLE);
  view.setUint8(SUBSCRIPTION_BYTES + 8, CLOCK);
  view.setUint32(SUBSCRIPTION_BYTES + 16, MONOTONIC, true);
  view.setBigUint64(SUBSCRIPTION_BYTES + 24, WAIT_NS, true);
  const error = poll(0, EVENTS_AT, 2, COUNT_AT);
  if (error !== 0 || view.getUint32(COUNT_AT, true) === 0) return false;
  if (view.getUint8(EVENTS_AT + 10) !== READABLE) return undefined;
  const hasFailed = view.getUint16(EVENTS_AT + 8, true) !== 0;
  return !hasFailed && view.getUint16(EVENTS_AT + 24, true) === HANG_UP;
}

interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/**
 * The types of WebAssembly are declared below, because TypeScript has them only in the lib "dom",
 * which this package does not use.
 */
const { Memory } = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;

interface Wasm {
  readonly Memory: new (size: { readonly initial: number }) => WasmMemory;
}

type WasiCall = (...args: number[]) => number;
type WasiImports = Readonly<Record<string, WasiCall | undefined>>;

/**
 * Returns the functions of WASI. Suppresses Node's warning that WASI is experimental, because a
 * user cannot act on the warning.
 */
function wasiFor(descriptor: number, memory: WasmMemory): WasiImports {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    const { WASI } = process.getBuiltinModule("node:wasi");
    const wasi = new WASI({ version: "preview1", stdin: descriptor, returnOnExit: true });
    wasi.initialize({ exports: { memory } });
    return wasi.wasiImport as WasiImports;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Describes why SQLite or the file system failed. */

import { FleetStoreError, isFleetStoreError, UnwritableStoreError } from "../store-error.js";

/**
 * The error codes SQLITE_TOOBIG, SQLITE_CONSTRAINT and SQLITE_MISMATCH. They are about the values of
 * one command, so the next write may work.
 */
const ABOUT_VALUES = new Set([18, 19, 20]);

/**
 * Returns the error to report for a file.
 *
 * @param isWriting Whether the file was open and readable, and a write failed.
 */
export function failureOf(path: string, error: unknown, isWriting: boolean): FleetStoreError {
  if (isFleetStoreError(error)) return error;
  const reason = reasonOf(error);
  if (isWriting && isAboutFile(error)) {
    return new UnwritableStoreError(`${path} cannot be written: ${reason}`, reason, error);
  }
  return new FleetStoreError(`${path} cannot be used: ${reason}`, error);
}

/** Returns whether SQLite failed because of the file or its disk. */
function isAboutFile(error: unknown): boolean {
  const errcode = (error as { errcode?: unknown } | null)?.errcode;
  return typeof errcode === "number" && !ABOUT_VALUES.has(errcode & 0xff);
}

/**
 * Returns SQLite's own message, such as "file is not a database". For an error of the file system,
 * returns its code.
 */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  if (typeof errcode === "number") return `${error.message} (SQLite error ${errcode})`;
  return typeof code === "string" ? code : error.message;
}

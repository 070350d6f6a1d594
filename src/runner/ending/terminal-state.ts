/** Restores the terminal after a command was killed, because the command could not restore it. */

import { spawnSync } from "node:child_process";
import { writeSync } from "node:fs";
import { isatty } from "node:tty";

/** The longest wait for `stty`, which hangs in a background job. */
const STTY_TIMEOUT_MS = 1_000;
/**
 * The sequences that end colors, bracketed paste and mouse reports, show the cursor, and leave the
 * alternate screen. The code 1047 leaves that screen without moving the cursor.
 */
const ORDERLY =
  "\u001b[0m\u001b[?2004l\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?1047l\u001b[?25h\r\n";

/** The state of the terminal before a command starts. */
export class TerminalState {
  readonly #saved: string | undefined;

  constructor() {
    this.#saved = isatty(0) && process.platform !== "win32" ? stty(["-g"])?.trim() : undefined;
  }

  /**
   * Restores the terminal. This is needed only after a kill: a command that exits restores the
   * terminal itself.
   */
  restore(): void {
    if (this.#saved !== undefined) stty([this.#saved]);
    const output = [1, 2].find((descriptor) => isatty(descriptor));
    if (output === undefined) return;
    try {
      writeSync(output, ORDERLY);
    } catch {
      // The terminal no longer exists.
    }
  }
}

function stty(args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync("stty", args, {
    stdio: ["inherit", "pipe", "ignore"],
    encoding: "utf8",
    timeout: STTY_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  return status === 0 ? stdout : undefined;
}

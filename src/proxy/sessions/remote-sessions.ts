/** Opens sessions through another process: the runner that started this stand-in. */

import { connect, type Socket } from "node:net";
import { rejectionIn } from "../../guard/wire/rejection-reading.js";
import { HostGoneError, type OpeningSession, type SessionHost } from "./session-host.js";
import {
  type HostAnswer,
  type HostQuestion,
  messageLine,
  readMessages,
} from "./session-messages.js";

/** Returns a session host that asks the runner at the other end of a socket. */
export function connectSessionHost(path: string): SessionHost {
  return {
    async begin(signal, workdir) {
      const connection = await Connection.open(path);
      const leave = (): void => connection.close();
      signal?.addEventListener("abort", leave, { once: true });
      try {
        const { variables } = await connection.ask<"variables">({ ask: "begin", workdir });
        return sessionOver(connection, variables);
      } catch (error) {
        connection.close();
        throw signal?.aborted ? signal.reason : error;
      } finally {
        signal?.removeEventListener("abort", leave);
      }
    },
  };
}

function sessionOver(
  connection: Connection,
  variables: Readonly<Record<string, string>>,
): OpeningSession {
  return {
    variables,
    hostGone: connection.ended,
    opened: async (target) => (await connection.ask<"address">({ ask: "opened", target })).address,
    async failed(failure) {
      await connection.ask({ ask: "failed", failure });
    },
    async end() {
      // If the runner has ended, the session has ended with it.
      await connection.ask({ ask: "end" }).catch(() => {});
      connection.close();
    },
  };
}

type AnswerWith<K extends string> = Extract<HostAnswer, { readonly [key in K]: unknown }>;

class Connection {
  /** Resolves when the runner has ended, or when this side has closed the connection. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  /** Resolves the promise of the current `ask` call with an answer. */
  #pending: ((answer: HostAnswer | undefined) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const messages = readMessages(socket, (answer) => this.#pending?.(answer as HostAnswer));
    this.ended = messages.then(() => this.#pending?.(undefined));
  }

  static open(path: string): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once("connect", () => resolve(new Connection(socket)));
      socket.once("error", ({ code }: NodeJS.ErrnoException) =>
        reject(new HostGoneError(`dagger-breaker run cannot be reached (${code})`)),
      );
    });
  }

  /** Sends a question to the runner and waits for the answer. */
  async ask<K extends string>(question: HostQuestion): Promise<AnswerWith<K>> {
    const answer = await new Promise<HostAnswer | undefined>((resolve) => {
      this.#pending = resolve;
      if (this.#socket.readyState === "open") this.#socket.write(messageLine(question));
      else resolve(undefined);
    });
    if (answer === undefined) throw new HostGoneError("dagger-breaker run has ended");
    if ("error" in answer) throw new Error(`dagger-breaker run failed (${answer.error})`);
    if ("refused" in answer) {
      const refusal = rejectionIn({ status: 200, body: JSON.stringify(answer.refused) });
      throw refusal ?? new Error("dagger-breaker run has rejected the session");
    }
    return answer as AnswerWith<K>;
  }

  close(): void {
    this.#socket.destroy();
  }
}

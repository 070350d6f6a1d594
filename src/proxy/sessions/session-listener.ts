/** Lets stand-ins in other processes open sessions in this process. */

import { randomBytes } from "node:crypto";
import { chmodSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { rejectionAnswer } from "../../guard/wire/rejection-answer.js";
import type { OpeningSession, SessionHost } from "./session-host.js";
import {
  type HostAnswer,
  type HostQuestion,
  messageLine,
  readMessages,
} from "./session-messages.js";

/** The permissions of the socket: only its owner can connect. */
const OWNER_ONLY = 0o600;

export interface SessionListener {
  /** The path of the socket. A stand-in gets this path in `DAGGER_BREAKER_RUN`. */
  readonly path: string;
  /** Closes all connections, which ends their sessions. */
  close(): Promise<void>;
}

/**
 * Opens a socket through which stand-ins of this user open sessions.
 *
 * @param folder A folder that only this user can enter, because any process that reaches the socket may
 * open sessions. Once the promise has resolved, the socket's own permissions keep other users out.
 */
export async function listenForSessions(
  host: SessionHost,
  folder: string,
): Promise<SessionListener> {
  const path =
    process.platform === "win32"
      ? `\\\\.\\pipe\\dagger-breaker-${randomBytes(16).toString("hex")}`
      : join(folder, "sessions.sock");
  const sockets = new Set<Socket>();
  const running = new Set<Promise<void>>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.unref();
    const served = serve(host, socket).finally(() => {
      sockets.delete(socket);
      running.delete(served);
    });
    running.add(served);
  });
  await listening(server, path);
  server.unref();
  if (process.platform !== "win32") chmodSync(path, OWNER_ONLY);
  return {
    path,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(running);
    },
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      // Without this listener, a connection that cannot be accepted would crash the process.
      server.on("error", () => {});
      resolve();
    });
  });
}

/** Serves one stand-in until its connection ends. The promise never rejects. */
async function serve(host: SessionHost, socket: Socket): Promise<void> {
  const gone = new AbortController();
  let session: OpeningSession | undefined;
  const answer = async (question: HostQuestion): Promise<HostAnswer> => {
    if (question.ask === "begin") {
      const { workdir } = question;
      session = await host.begin(gone.signal, typeof workdir === "string" ? workdir : undefined);
      return { variables: session.variables };
    }
    if (session === undefined) throw new TypeError('expected "begin" as the first message');
    if (question.ask === "opened") return { address: await session.opened(question.target) };
    if (question.ask === "failed") await session.failed(question.failure);
    else await session.end();
    return { done: true };
  };
  let answered = Promise.resolve();
  await readMessages(socket, (question) => {
    answered = answered.then(async () => {
      const message = await answer(question as HostQuestion).catch(answerOf);
      if (!socket.destroyed) socket.write(messageLine(message));
    });
  });
  gone.abort();
  await answered;
  socket.destroy();
  await session?.end().catch(() => {});
}

function answerOf(error: unknown): HostAnswer {
  const refused = rejectionAnswer(error);
  if (refused !== undefined) return { refused };
  return { error: error instanceof Error ? error.name : typeof error };
}

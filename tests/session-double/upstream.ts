/** Serves files with known faults and git repositories on loopback, in place of the internet. */

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Upstream extends AsyncDisposable {
  /** The URL of the server: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** The folder of the server, which contains the git repositories. */
  readonly folder: string;
  /** The paths of all requests so far, in order. */
  readonly requests: readonly string[];
  /**
   * Creates a repository with one commit, a tag `v1.0.0` and a branch `main`. Returns the hash of the
   * commit.
   */
  createRepository(name: string): string;
}

export async function startUpstream(): Promise<Upstream> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "upstream-"));
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    answer(request, response, folder);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    folder,
    requests,
    createRepository: (name) => createRepository(join(folder, name)),
    [Symbol.asyncDispose]: () => stop(server, folder),
  };
}

async function stop(server: Server, folder: string): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  rmSync(folder, { recursive: true, force: true });
}

function answer(request: IncomingMessage, response: ServerResponse, folder: string): void {
  const path = request.url ?? "";
  const status = /^\/f\/s(\d+)\//.exec(path)?.[1];
  if (path.startsWith("/ok/")) {
    response.end(`hello from ${path}\n`);
  } else if (path.startsWith("/moved/")) {
    response.writeHead(302, { location: path.replace("/moved/", "/ok/") }).end();
  } else if (path.startsWith("/f/reset/")) {
    request.socket.destroy();
  } else if (path.startsWith("/f/cut/")) {
    response.writeHead(200, { "content-length": 1_000 });
    response.write("x", () => request.socket.destroy());
  } else if (status !== undefined) {
    response
      .writeHead(Number(status))
      .end(status === "404" ? "404 page not found\n" : "forbidden\n");
  } else if (path.startsWith("/git/")) {
    serveGit(request, response, folder);
  } else {
    response.writeHead(404).end("404 page not found\n");
  }
}

/** Answers a request with git's own CGI program. */
function serveGit(request: IncomingMessage, response: ServerResponse, folder: string): void {
  const url = new URL(request.url ?? "", "http://upstream");
  const child = spawn("git", ["http-backend"], {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: url.pathname.replace("/git", ""),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      ...(request.headers["content-encoding"] && {
        HTTP_CONTENT_ENCODING: String(request.headers["content-encoding"]),
      }),
      ...(request.headers["git-protocol"] && {
        GIT_PROTOCOL: String(request.headers["git-protocol"]),
      }),
    },
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.once("close", () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf("\r\n\r\n");
    const headers = all.subarray(0, end).toString().split("\r\n");
    const status = headers.find((line) => line.startsWith("Status: "))?.slice(8, 11) ?? "200";
    for (const line of headers) {
      const [name = "", value = ""] = line.split(": ");
      if (name !== "Status") response.setHeader(name, value);
    }
    response.writeHead(Number(status));
    response.end(all.subarray(end + 4));
  });
}

function createRepository(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "README.md"), "a repository\n");
  const git = (...args: string[]) =>
    execFileSync("git", [
      "-C",
      folder,
      "-c",
      "user.name=Test",
      "-c",
      "user.email=test@example.com",
      ...args,
    ])
      .toString()
      .trim();
  git("init", "--quiet", "--initial-branch=main");
  git("add", ".");
  git("commit", "--quiet", "--message=first");
  git("tag", "--annotate", "--message=one", "v1.0.0");
  return git("rev-parse", "HEAD");
}

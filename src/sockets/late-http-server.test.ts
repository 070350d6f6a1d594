import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { LateHttpServer } from "./late-http-server.js";

const servers: LateHttpServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.cut();
  }
});

async function serve(silenceTimeoutMs: number) {
  const connected: Socket[] = [];
  const server = new LateHttpServer(
    { silenceTimeoutMs },
    {
      connected: (socket) => void connected.push(socket),
      requested(request, response) {
        let body = "";
        request.setEncoding("utf8").on("data", (text: string) => {
          body += text;
        });
        request.on("end", () => response.end(`${request.url} ${body}`));
        request.on("error", () => undefined);
      },
    },
  );
  servers.push(server);
  return { port: await server.listen(), connected, server };
}

test("reports every connection before it is served, including the first", async () => {
  const { port, connected } = await serve(60_000);
  for (const path of ["/one", "/two"]) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body: "x" });
    expect(await answer.text()).toBe(`${path} x`);
  }
  expect(connected.length).toBeGreaterThan(0);
});

test("cuts a connection that is silent within a request, and all of them on `cut`", async () => {
  const { port, server } = await serve(50);
  const silent = connect(port, "127.0.0.1").on("error", () => undefined);
  silent.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf");
  silent.resume();
  await once(silent, "close");
  const other = await serve(60_000);
  const idle = connect(other.port, "127.0.0.1").on("error", () => undefined);
  while (other.connected.length === 0) await new Promise((resolve) => setImmediate(resolve));
  idle.resume();
  other.server.cut();
  await once(idle, "close");
  server.close();
});

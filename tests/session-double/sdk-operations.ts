/** Lists the operations that were recorded with the real SDK on a real engine, to repeat them on the double. */

import type { Client } from "@dagger.io/dagger";

/** The files and servers that operations use. */
export interface OperationSetting {
  /** A folder of the host. Its only file, `a.txt`, contains `hi`. */
  readonly project: string;
  /** The URL of the server that has `/ok/a.txt`. */
  readonly filesUrl: string;
  /** The URL of a git repository with the branch `main`. Its only file is `README.md`. */
  readonly gitUrl: string;
}

type Operation = (client: Client, setting: OperationSetting) => Promise<unknown>;

const from = (client: Client) => client.container().from("busybox:h5");
const oneFile = (client: Client) => client.directory().withNewFile("x.txt", "1");

// A shell command that prints the length of the variable TOKEN. It is joined from parts, because a linter
// would take it for a mistaken template string.
const LENGTH_OF_TOKEN = ["echo ", "$", "{#TOKEN}"].join("");

/** The operations, by the names that the recording uses. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  version: (client) => client.version(),
  stdout: (client) => from(client).withExec(["echo", "hi"]).stdout(),
  stderr: (client) => from(client).withExec(["sh", "-c", "echo oops >&2"]).stderr(),
  exitCode: (client) => from(client).withExec(["true"]).exitCode(),
  "sync then stdout": async (client) => {
    const synced = await from(client).withExec(["echo", "synced"]).sync();
    return synced.stdout();
  },
  withEnvVariable: (client) =>
    from(client).withEnvVariable("A", 'b c "q" \n x').withExec(["sh", "-c", "echo $A"]).stdout(),
  withWorkdir: (client) => from(client).withWorkdir("/w").withExec(["pwd"]).stdout(),
  withNewFile: (client) =>
    from(client).withNewFile("/w/a.txt", "text").withExec(["cat", "/w/a.txt"]).stdout(),
  withDirectory: (client) =>
    from(client).withDirectory("/d", oneFile(client)).withExec(["ls", "/d"]).stdout(),
  withFile: (client) =>
    from(client)
      .withFile("/f.txt", oneFile(client).file("x.txt"))
      .withExec(["cat", "/f.txt"])
      .stdout(),
  "directory entries": (client) =>
    client.directory().withNewFile("a.txt", "1").withNewFile("b/c.txt", "2").entries(),
  "file contents": (client) =>
    client.directory().withNewFile("a.txt", "1").file("a.txt").contents(),
  "host directory entries": (client, { project }) => client.host().directory(project).entries(),
  "host file contents": (client, { project }) => client.host().file(`${project}/a.txt`).contents(),
  "http contents": (client, { filesUrl }) => client.http(filesUrl).contents(),
  "git branch tree entries": (client, { gitUrl }) =>
    client.git(gitUrl).branch("main").tree().entries(),
  "secret variable": (client) =>
    from(client)
      .withSecretVariable("TOKEN", client.setSecret("token", "hunter2"))
      .withExec(["sh", "-c", LENGTH_OF_TOKEN])
      .stdout(),
  publish: (client) => from(client).publish("127.0.0.1:5000/out/sdk:1"),
  "export file": (client, { project }) =>
    client.directory().withNewFile("a.txt", "1").file("a.txt").export(`${project}/out.txt`),
  "export directory": (client, { project }) =>
    client.directory().withNewFile("a.txt", "1").export(`${project}/out`),
  id: async (client) => (await from(client).id()).length > 0,
  "with(fn)": (client) =>
    from(client)
      .with((container) => container.withEnvVariable("W", "1"))
      .withExec(["sh", "-c", "echo $W"])
      .stdout(),
  "list of objects": async (client) => {
    const variables = await from(client).withEnvVariable("L", "1").envVariables();
    const names = await Promise.all(variables.map((variable) => variable.name()));
    return names.includes("L");
  },
  "null answer": (client) => from(client).envVariable("NOT_SET"),
  "exec fails": (client) =>
    from(client).withExec(["sh", "-c", "echo out; echo err >&2; exit 3"]).stdout(),
  "exec may fail": (client) =>
    from(client)
      .withExec(["false"], { expect: "ANY" as never })
      .exitCode(),
  "pull fails": (client) => client.container().from("faults/s503:ops").stdout(),
  "two at once": (client) =>
    Promise.all(["1", "2"].map((word) => from(client).withExec(["echo", word]).stdout())),
};

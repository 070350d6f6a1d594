#!/bin/sh
# A docker pull that fails midway is no error in dockerode, and docker-py returns the old image of the tag
#
# Versions: dockerode 5.0.1, docker 7.2.0 (Python), aiodocker 0.27.0, github.com/moby/moby/client 0.6.3, docker-java 3.7.1
# Guess: a daemon that has begun to answer can report a failure only in its last line, as `errorDetail`. Each
#   client makes an error of that line, with the reason: here, a layer was refused by a rate limit.
# Seen: dockerode's `followProgress` ends without an error. `images.pull` of docker-py ignores the lines and
#   looks the tag up: it returns the image that the tag had before, or reports that there is no such image.
#   Its `api.pull` returns the text. So a retry never happens, and a pipeline goes on with an old image.
#   aiodocker, docker-java and `Wait` of the Go client fail with the reason.
# Output:
#   dockerode followProgress: no error
#   docker-py api.pull: no error
#   docker-py images.pull: no error, the old image
#   docker-py images.pull, no old image: ImageNotFound, without the reason
#   aiodocker images.pull: DockerStreamError, with the reason
#   Go ImagePull: no error; Wait: an error with the reason
#   docker-java pullImageCmd: DockerClientException, with the reason
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent dockerode@5.0.1 node@24.21.0
python3 -m venv venv
pip="venv/bin/pip"
"$pip" install -q --disable-pip-version-check docker==7.2.0 aiodocker==0.27.0

mkdir go
cat >go/main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/moby/moby/client"
)

func told(err error) string {
	switch {
	case err == nil:
		return "no error"
	case strings.Contains(err.Error(), "toomanyrequests"):
		return "an error with the reason"
	}
	return err.Error()
}

func main() {
	docker, err := client.New(client.WithHost("tcp://" + os.Args[1]))
	if err != nil {
		panic(err)
	}
	answer, err := docker.ImagePull(context.Background(), "docker.io/acme/app:1", client.ImagePullOptions{})
	fmt.Printf("%s; Wait: %s", told(err), told(answer.Wait(context.Background())))
}
GO
(
  cd go
  export GOPATH="$dir/gopath" GOFLAGS="-mod=mod -modcacherw"
  go mod init example.test/pull 2>/dev/null
  go get github.com/moby/moby/client@v0.6.3 2>/dev/null
  go build -o ../pull . 2>build.log || { cat build.log; exit 1; }
)

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>test</groupId>
  <artifactId>test</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.github.docker-java</groupId>
      <artifactId>docker-java-core</artifactId>
      <version>3.7.1</version>
    </dependency>
    <dependency>
      <groupId>com.github.docker-java</groupId>
      <artifactId>docker-java-transport-zerodep</artifactId>
      <version>3.7.1</version>
    </dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib >mvn.log 2>&1 || { cat mvn.log; exit 1; }
cat >Pull.java <<'JAVA'
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import java.net.URI;

public class Pull {
  public static void main(String[] args) {
    String host = "tcp://" + args[0];
    var config = DefaultDockerClientConfig.createDefaultConfigBuilder().withDockerHost(host).build();
    var http = new ZerodepDockerHttpClient.Builder().dockerHost(URI.create(host)).build();
    var docker = DockerClientImpl.getInstance(config, http);
    try {
      docker.pullImageCmd("acme/app").withTag("1").start().awaitCompletion();
      System.out.print("no error");
    } catch (Exception error) {
      boolean told = error.getMessage().contains("toomanyrequests");
      System.out.print(error.getClass().getSimpleName() + (told ? ", with the reason" : ", without the reason"));
    }
    System.exit(0);
  }
}
JAVA
javac -cp 'lib/*' -d classes Pull.java

cat >pull.py <<'PY'
import asyncio
import sys

import aiodocker
import docker

which, host = sys.argv[1:]


def told(error):
    how = "with" if "toomanyrequests" in str(error) else "without"
    return f"{type(error).__name__}, {how} the reason"


async def aio():
    async with aiodocker.Docker(url=f"http://{host}") as client:
        await client.images.pull("acme/app", tag="1")
        return "no error"


try:
    if which == "aiodocker":
        seen = asyncio.run(aio())
    else:
        client = docker.DockerClient(base_url=f"tcp://{host}", version="1.47")
        if which == "api.pull":
            client.api.pull("acme/app", tag="1")
            seen = "no error"
        else:
            seen = "no error, the old image" if client.images.pull("acme/app", tag="1").id == "sha256:old" else "?"
except Exception as error:
    seen = told(error)
print(seen, end="")
PY
cat >main.mjs <<'JS'
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { promisify } from "node:util";
import Docker from "dockerode";

const reason = "toomanyrequests: You have reached your pull rate limit";
const answer = [
  { status: "Pulling from acme/app", id: "1" },
  { status: "Pulling fs layer", progressDetail: {}, id: "0123456789ab" },
  { errorDetail: { message: reason }, error: reason },
];

/** Starts what a Docker daemon answers to a pull whose layer is refused. */
async function startDaemon(hasOldImage) {
  const server = createServer((request, response) => {
    request.resume();
    const path = request.url.replace(/^\/v[\d.]+/, "");
    response.setHeader("Api-Version", "1.47").setHeader("Content-Type", "application/json");
    if (path === "/_ping") return response.end("OK");
    if (path === "/version") return response.end(JSON.stringify({ ApiVersion: "1.47", MinAPIVersion: "1.24" }));
    if (path.startsWith("/images/create?")) {
      return response.end(answer.map((line) => `${JSON.stringify(line)}\r\n`).join(""));
    }
    if (path === "/images/acme/app:1/json" && hasOldImage) {
      return response.end(JSON.stringify({ Id: "sha256:old", RepoTags: ["acme/app:1"] }));
    }
    response.statusCode = 404;
    response.end(JSON.stringify({ message: "No such image: acme/app:1" }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}

const port = await startDaemon(true);
const host = `127.0.0.1:${port}`;
const emptyHost = `127.0.0.1:${await startDaemon(false)}`;
const run = async (program, ...args) => (await promisify(execFile)(program, args)).stdout;
const python = (...args) => run("venv/bin/python", "pull.py", ...args);

const docker = new Docker({ host: "127.0.0.1", port });
const stream = await docker.pull("acme/app:1");
const dockerode = await new Promise((resolve) => {
  docker.modem.followProgress(stream, (error) => resolve(error?.message ?? "no error"));
});
const lines = [
  `dockerode followProgress: ${dockerode}`,
  `docker-py api.pull: ${await python("api.pull", host)}`,
  `docker-py images.pull: ${await python("images.pull", host)}`,
  `docker-py images.pull, no old image: ${await python("images.pull", emptyHost)}`,
  `aiodocker images.pull: ${await python("aiodocker", host)}`,
  `Go ImagePull: ${await run("./pull", host)}`,
  `docker-java pullImageCmd: ${await run("java", "-cp", "classes:lib/*", "Pull", host)}`,
];
console.log(lines.join("\n"));
process.exit();
JS
node_modules/.bin/node main.mjs >seen
cat seen
cat >expected <<'TXT'
dockerode followProgress: no error
docker-py api.pull: no error
docker-py images.pull: no error, the old image
docker-py images.pull, no old image: ImageNotFound, without the reason
aiodocker images.pull: DockerStreamError, with the reason
Go ImagePull: no error; Wait: an error with the reason
docker-java pullImageCmd: DockerClientException, with the reason
TXT
diff expected seen

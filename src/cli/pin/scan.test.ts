// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are those of other languages.

import { expect, test } from "vitest";
import { processorMs } from "../../../tests/own-time.js";
import { scan } from "./scan.js";

const DIGEST = `sha256:${"1".repeat(64)}`;

/** What a file names, as `line:column image`, and what could not be read, as `line:column why`. */
function found(file: string, text: string): string[] {
  const { images, unread } = scan(file, text);
  return [
    ...images.map(({ line, column, image }) => `${line}:${column} ${image}`),
    ...unread.map(({ line, column, why }) => `${line}:${column} ${why}`),
  ];
}

test.each([
  ["ci.ts", 'dag.container().from("alpine:3.20").withExec(["sh"])', "1:23 alpine:3.20"],
  ["ci.js", "dag\n  .container()\n  .from('alpine:3.20')", "3:10 alpine:3.20"],
  ["ci.mts", "c?.from(`ghcr.io/acme/app:1`,)", "1:10 ghcr.io/acme/app:1"],
  ["main.go", 'dag.Container().From("golang:1.22")', "1:23 golang:1.22"],
  ["main.go", "c.From(`golang:1.22`)", "1:9 golang:1.22"],
  ["ci.py", "dag.container().from_('python:3.12')", "1:24 python:3.12"],
  ["ci.py", 'dag.container().from_(address="python:3.12")', "1:32 python:3.12"],
  ["ci.py", 'c.from_(f"python:3.12")', "1:11 python:3.12"],
  ["ci.php", "dag()->container()->from('php:8')", "1:27 php:8"],
  ["ci.php", "$c->from(address: 'php:8')", "1:20 php:8"],
  ["Ci.java", 'dag().container().from("maven:3")', "1:25 maven:3"],
  ["ci.ex", '|> Dagger.Container.from("elixir:1")', "1:27 elixir:1"],
  ["ci.ex", 'Dagger.Container.from(f(c, 1), "elixir:1")', "1:33 elixir:1"],
  ["ci.exs", 'container |> from("elixir:1")', "1:20 elixir:1"],
  ["ci.rs", 'client.container().from("rust:1")', "1:26 rust:1"],
  ["ci.txt", 'with_from("rust:1")', "1:12 rust:1"],
  ["q.graphql", '{ container { from(address: "alpine:3") { id } } }', "1:30 alpine:3"],
  ["q.gql", 'query { a: from(address: "alpine:3") { id } }', "1:27 alpine:3"],
])("%s: %s", (file, text, expected) => {
  expect(found(file, text)).toEqual([expected]);
});

test("an image without tag is read where the program speaks to Dagger", () => {
  expect(found("ci.ts", 'dag.container().from("alpine")')).toEqual(["1:23 alpine"]);
  expect(found("db.ts", 'knex.select().from("users")')).toEqual([]);
});

test.each([
  ["ci.ts", '// c.from("a:1")\n/* c.from("a:1")\n c.from("a:1") */ dag'],
  ["ci.py", '# dag c.from_("a:1")\n"""c.from_("a:1")\nc.from_("a:1")"""'],
  ["ci.go", '// dag.From("a:1")'],
  ["ci.php", '# dag->from("a:1")\n// ->from("a:1")'],
  ["ci.ts", 'dag; Buffer.from("a:1"); Array.from("a:1"); String.from("a:1")'],
  ["ci.rs", 'dagger; String::from("a:1")'],
  ["ci.ts", 'import x from "a:1"; export * from "a:1"; from("a:1")'],
  ["ci.php", "dag; $query->from('App:User', 'u')"],
  ["ci.ts", 'dag; const t = `${x} .from("a:1") `'],
  ["ci.ts", "dag; c.from()"],
])("what is no call on a container is passed over in %s: %s", (file, text) => {
  expect(found(file, text)).toEqual([]);
});

test("quotes in comments, regular expressions and characters do not hide what follows", () => {
  expect(found("ci.ts", "// it's\nconst r = /[\"'`/]/; dag.from('a:1')")).toEqual(["2:31 a:1"]);
  expect(found("ci.ts", "const half = a / b; dag.from('a:1') / 2")).toEqual(["1:31 a:1"]);
  expect(found("ci.go", "c := '\"'; q := '\\''; dag.From(\"a:1\")")).toEqual(["1:32 a:1"]);
  expect(found("ci.rs", "fn a<'a>(x: &'a str) { c.from(\"a:1\") }")).toEqual(["1:32 a:1"]);
  expect(found("ci.ts", 'dag\nlet broken = "\nc.from("a:1")')).toEqual(["3:9 a:1"]);
});

test.each([
  ["ci.ts", "dag.from(image)", "variable"],
  ["ci.ts", "dag.from(`node:${v}`)", "computed"],
  ["ci.ts", 'dag.from("node:" + v)', "computed"],
  ["ci.py", 'dag.from_(f"node:{v}")', "computed"],
  ["ci.php", 'dag()->from("node:$v")', "computed"],
  ["ci.ex", 'dagger |> from("node:#{v}")', "computed"],
  ["ci.ts", 'dag.from("user:hunter2@r.example/app:1")', "credentials"],
  ["ci.ts", 'dag.from("https://user:hunter2@r.example/app")', "credentials"],
  ["ci.ts", 'dag.from("ghp_abcdefghijklmnopqrstuvwxyz")', "credentials"],
  ["ci.ts", 'dag.from("Not an image")', "no-image"],
  ["ci.ts", `dag.from("alpine@sha256:12")`, "no-image"],
])("in %s, %s is told without its text", (file, text, why) => {
  const { images, unread } = scan(file, text);
  expect(images).toEqual([]);
  expect(unread.map((place) => place.why)).toEqual([why]);
  expect(JSON.stringify(unread)).not.toContain("hunter2");
});

test("an image with a digest is pinned, with or without its tag", () => {
  const { images } = scan("ci.ts", `c.from("alpine@${DIGEST}"); c.from("alpine:3@${DIGEST}")`);
  expect(images.map(({ pinned, reference }) => [pinned, reference])).toEqual([
    [true, "docker.io/library/alpine:latest"],
    [true, "docker.io/library/alpine:3"],
  ]);
});

test.each(["Dockerfile", "app.Dockerfile", "Dockerfile.dev", "sub/Containerfile", "x-dockerfile"])(
  "%s is read as a Dockerfile",
  (file) => {
    expect(found(file, "FROM alpine")).toEqual(["1:6 alpine"]);
  },
);

test("stages of a Dockerfile are no images", () => {
  const text = [
    "FROM node:22 AS Build",
    "FROM build AS test",
    "FROM scratch",
    "COPY --from=build /a /a",
    "COPY --from=0 /a /a",
    "COPY --chown=1:1 --from=ghcr.io/acme/tools:1 /a /a",
    "RUN --mount=type=cache,target=/c --mount=type=bind,from=busybox:1,target=/b ls",
    "RUN --mount=type=bind,from=test ls --from=no:1",
    "FROM later",
    "FROM alpine AS later",
  ];
  expect(found("Dockerfile", text.join("\n"))).toEqual([
    "1:6 node:22",
    "6:25 ghcr.io/acme/tools:1",
    "7:57 busybox:1",
    "9:6 later",
    "10:6 alpine",
  ]);
});

test("build arguments are put in where they have a value", () => {
  const text = [
    "ARG BASE=alpine:3.20",
    'ARG TAG VERSION="22" FULL=${VERSION}-slim',
    "FROM --platform=linux/arm64 $BASE",
    "FROM node:${FULL}",
    "FROM app:${TAG:-1}",
    'FROM "app:${VERSION:+2}"',
    "FROM app:${TAG}",
    "ARG LATE=1",
    "FROM app:$LATE",
  ];
  expect(found("Dockerfile", text.join("\r\n"))).toEqual([
    "3:29 alpine:3.20",
    "4:6 node:22-slim",
    "5:6 app:1",
    "6:7 app:2",
    "7:6 build-argument",
    "9:6 build-argument",
  ]);
  const [first, second] = scan("Dockerfile", text.join("\n")).images;
  expect([first?.platform, second?.platform]).toEqual(["linux/arm64", ""]);
  expect(first?.buildArguments).toBe(true);
});

test("continued lines are one, and here-documents and comments are passed over", () => {
  const text = [
    "# FROM no:1",
    "from \\",
    "  # FROM no:1",
    "",
    "  alpine:3 \\",
    "  as base",
    "RUN <<END cat",
    "FROM no:1",
    "END",
    "RUN echo \\",
    "FROM no:1",
    "FROM debian:12",
  ];
  expect(found("Dockerfile", text.join("\n"))).toEqual(["5:3 alpine:3", "12:6 debian:12"]);
  expect(found("Dockerfile", "# escape=`\nFROM `\n  alpine:3")).toEqual(["3:3 alpine:3"]);
});

test("in YAML it is the value of image, however it is quoted", () => {
  const text = [
    "image: alpine:3.20 # comment",
    "services:",
    '  - image: "redis:7"',
    "  - name: x",
    "    'image': 'node:22'",
    "  - image: &anchor ghcr.io/acme/app",
    "run: |",
    "  image: no:1",
    "",
    "  more",
    "steps:",
    "  - run: >-",
    "      image: no:1",
    "    image: after:1",
    "  - |",
    "    image: no:1",
    "# image: no:1",
    "image: ${{ matrix.image }}",
    "image: {{ .Values.image }}",
    "image: cover.png",
    "image: https://example.com/x",
    "image: *anchor",
    "image: ~",
    "myimage: no:1",
    "image:",
    "  name: gcr.io/kaniko/executor:debug",
    "name: no:1",
  ];
  expect(found("ci.yml", text.join("\n"))).toEqual([
    "1:8 alpine:3.20",
    "3:13 redis:7",
    "5:15 node:22",
    "6:20 ghcr.io/acme/app",
    "14:12 after:1",
    "26:9 gcr.io/kaniko/executor:debug",
    "18:8 computed",
    "19:8 computed",
  ]);
});

test("in JSON it is the value of image", () => {
  expect(found("devcontainer.json", '{\n  // c\n  "image": "base:1", "x": "image" }')).toEqual([
    "3:13 base:1",
  ]);
  expect(found("dagger.json", '{"name":"ci","sdk":{"source":"go"}}')).toEqual([]);
});

test("a file that begins with a byte order mark is read", () => {
  expect(found("Dockerfile", "\uFEFFFROM alpine")).toEqual(["1:7 alpine"]);
});

test.each([
  ["ci.ts", "/["],
  ["ci.ts", '\\"'],
  ["ci.ts", "`${"],
  ["ci.ts", "/*"],
  ["ci.ts", ".from("],
  ["ci.ex", "Container.from("],
  ["ci.py", "'''\"\"\""],
  ["ci.ts", 'dag.from("a:1");'],
  ["Dockerfile", "RUN a<<E\n"],
  ["Dockerfile", "RUN --mount="],
  ["Dockerfile", 'COPY --a=""'],
  ["Dockerfile", "FROM \\\n"],
  ["Dockerfile", "FROM ${A"],
  ["ci.yml", "- "],
  ["ci.yml", "image: &"],
  ["ci.yml", "image:  "],
  ["x.json", '{"image":'],
])("the time that a long %s of %j takes grows no faster than the file", (file, piece) => {
  const shapes = [
    (size: number) => piece.repeat(size / piece.length),
    (size: number) => `${piece}${piece.at(-1)?.repeat(size)}x`,
  ];
  for (const fill of shapes) {
    const [small, large] = [fill(16 * 1024), fill(128 * 1024)];
    const smallMs = Math.min(...[1, 2, 3].map(() => processorMs(() => scan(file, small))));
    // Eight times the size; 64 times the time would be its square.
    expect(processorMs(() => scan(file, large))).toBeLessThan(24 * smallMs + 100);
  }
});

/** Tests GraphQL over HTTP as sessions support it, for clients of all kinds. */

import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from "graphql";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { ask, data, send } from "./client.js";

let session: SessionDouble;

beforeEach(async () => {
  session = await startSessionDouble();
});

afterEach(() => session.stop());

test("selects a named operation among several, with variables and defaults", async () => {
  const query = `query A { version } query B($args: [String!]!, $from: String = "busybox") {
    container { from(address: $from) { withExec(args: $args) { stdout imageRef } } } }`;
  const body = JSON.stringify({ query, operationName: "B", variables: { args: ["echo", "v"] } });
  expect((await send(session, { body })).body).toMatch(
    /^\{"data":\{"container":\{"from":\{"withExec":\{"stdout":"v\\n","imageRef":"docker\.io\/library\/busybox:latest@sha256:[0-9a-f]{64}"\}\}\}\}\}$/,
  );
  const none = await send(session, { body: JSON.stringify({ query }) });
  expect(none).toMatchObject({
    status: 422,
    body: expect.stringContaining("no operation provided"),
  });
});

test("values are answered under their alias, errors with the names of fields", async () => {
  const query = `{ x: container { from: from(address: "a") { ok: withExec(args: ["echo","1"]) { out: stdout } } } }`;
  expect(await data(session, query)).toEqual({ x: { from: { ok: { out: "1\n" } } } });
  const failing = await ask(session, query.replace('"echo","1"', '"false"'));
  expect(failing.body).toContain('"path":["container","from","withExec","stdout"]');
});

test("supports fragments, @skip and @include", async () => {
  const query = `query Q($no: Boolean = false) { directory { ...F withNewFile(path: "b", contents: "") {
    ... on Directory { entries } sync @skip(if: true) id @include(if: $no) } } }
    fragment F on Directory { entries __typename }`;
  expect(await data(session, query)).toEqual({
    directory: { entries: [], __typename: "Directory", withNewFile: { entries: ["b"] } },
  });
});

test("a repeated field is answered once, with all its selections", async () => {
  const query =
    '{ directory { withNewFile(path: "a", contents: "1") { entries } } directory { __typename } }';
  expect(await data(session, query)).toEqual({
    directory: { withNewFile: { entries: ["a"] }, __typename: "Directory" },
  });
});

test("every failed root field has an error of its own, and there is no data", async () => {
  const query = `{ a: container { from(address: "x") { withExec(args: ["sh","-c","exit 3"]) { stdout } } }
    b: container { from(address: "x") { withExec(args: ["sh","-c","exit 4"]) { stdout } } } version }`;
  const answer = JSON.parse((await ask(session, query)).body) as {
    errors: { message: string }[];
    data: unknown;
  };
  expect(answer.data).toBeNull();
  const messages = answer.errors.map(({ message }) => message.replace(/ \[.*/, "")).sort();
  expect(messages).toEqual(["exit code: 3", "exit code: 4"]);
});

test("a trace id of the request is in the error", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const { body } = await send(session, {
    headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    body: JSON.stringify({
      query: '{ container { from(address: "a") { withExec(args: ["false"]) { stdout } } } }',
    }),
  });
  expect(body).toMatch(new RegExp(`"exit code: 1 \\[traceparent:${traceId}-[0-9a-f]{16}\\]"`));
});

test("a client that accepts GraphQL's own media type gets it, and 400 for a rejected query", async () => {
  const headers = { accept: "application/graphql-response+json, application/json" };
  const good = await send(session, { headers, body: '{"query":"{ version }"}' });
  expect(good).toMatchObject({ status: 200, contentType: "application/graphql-response+json" });
  const refused = await send(session, { headers, body: '{"query":"{ nope }"}' });
  expect(refused.status).toBe(400);
});

test("objects are loaded by their ids in both dialects, on both engines", async () => {
  for (const engineVersion of ["v0.21.8", "v0.19.11"] as const) {
    await using other = await startSessionDouble({ engineVersion });
    const { directory } = (await data(
      other,
      '{ directory { withNewFile(path: "a", contents: "1") { id again: id sync } } }',
    )) as { directory: { withNewFile: { id: string; again: string; sync: string } } };
    const { id, again, sync } = directory.withNewFile;
    expect([again, sync]).toEqual([id, id]);
    expect(
      await data(
        other,
        `{ node(id: "${id}") { id ... on Directory { entries } ... on File { contents } } }`,
      ),
    ).toEqual({
      node: { id, entries: ["a"] },
    });
    expect(await data(other, `{ loadDirectoryFromID(id: "${id}") { entries } }`)).toEqual({
      loadDirectoryFromID: { entries: ["a"] },
    });
    await expect(data(other, `{ loadFileFromID(id: "${id}") { contents } }`)).rejects.toThrow(
      "expected File, got Directory",
    );
  }
});

test("an id of another session means nothing in this one", async () => {
  const { container } = (await data(session, "{ container { id } }")) as {
    container: { id: string };
  };
  await using other = await session.openSession();
  const answer = await ask(other, `{ node(id: "${container.id}") { id } }`);
  expect(answer.body).toContain("missing shared result");
  expect(answer.body).toContain('"path":["node"]');
});

test("the schema can be introspected, beside other fields too", async () => {
  const schema = buildClientSchema(
    (await data(session, getIntrospectionQuery())) as IntrospectionQuery,
  );
  expect(schema.getQueryType()?.getFields().loadContainerFromID).toBeDefined();
  expect(
    await data(
      session,
      '{ version __schema { queryType { name } } __type(name: "Host") { kind } }',
    ),
  ).toEqual({
    version: "v0.21.8",
    __schema: { queryType: { name: "Query" } },
    __type: { kind: "OBJECT" },
  });
  const named =
    '{ ...F ... on Query { t: __type(name: "Host") { kind } } } fragment F on Query { version __schema { queryType { name } } }';
  expect(await data(session, named)).toEqual({
    version: "v0.21.8",
    __schema: { queryType: { name: "Query" } },
    t: { kind: "OBJECT" },
  });
});

test("supports the Python SDK's introspection, aliases and ids", async () => {
  // Some clients ask for the schema before their first request, including its deprecated parts.
  const introspection = getIntrospectionQuery({ inputValueDeprecation: true });
  const schema = buildClientSchema((await data(session, introspection)) as IntrospectionQuery);
  expect(schema.getType("Container")).toBeDefined();
  const run = (end: string) =>
    `{\n  container {\n    from: from(address: "busybox:h5") {\n      withExec: withExec(args: ["echo", "hi"]) {\n        ${end}: ${end}\n      }\n    }\n  }\n}`;
  expect(await data(session, run("stdout"))).toEqual({
    container: { from: { withExec: { stdout: "hi\n" } } },
  });
  const synced = (await data(session, run("sync"))) as {
    container: { from: { withExec: { sync: string } } };
  };
  const id = synced.container.from.withExec.sync;
  const loaded = `{\n  node(id: "${id}") {\n    ... on Container {\n      stdout: stdout\n    }\n  }\n}`;
  expect(await data(session, loaded)).toEqual({ node: { stdout: "hi\n" } });
});

test("supports the Go SDK's named operations", async () => {
  const go = async (query: string) =>
    JSON.parse(
      (await send(session, { body: JSON.stringify({ query, operationName: "Query" }) })).body,
    ) as { data: unknown };
  const made = await go('query Query {directory{withNewFile(contents:"1", path:"x.txt"){id}}}');
  const { id } = (made.data as { directory: { withNewFile: { id: string } } }).directory
    .withNewFile;
  const listed = await go(
    `query Query {container{from(address:"busybox:h5"){withDirectory(path:"/d", source:"${id}"){withExec(args:["ls","/d"]){stdout}}}}}`,
  );
  expect(JSON.stringify(listed.data)).toContain(String.raw`"stdout":"x.txt\n"`);
  const loaded = await go(`query Query {node(id:"${id}"){... on Directory{entries}}}`);
  expect(loaded.data).toEqual({ node: { entries: ["x.txt"] } });
});

test("rejects any argument of the wrong type with its Go types", async () => {
  const refusals: readonly [string, string][] = [
    [
      '{ directory { withNewFile(path: "a", contents: "b", permissions: "x") { id } } }',
      "cannot create Int from string",
    ],
    ['{ directory { export(path: "a", wipe: 1) } }', "cannot create Boolean from int64"],
    ["{ container { withExec(args: [1.5]) { stdout } } }", "cannot create String from float64"],
    [
      '{ container { withExec(args: ["a"], expect: MAYBE) { stdout } } }',
      'invalid enum member "MAYBE"',
    ],
    ["{ node(id: true) { id } }", "cannot create ID from bool"],
  ];
  for (const [query, reason] of refusals) {
    const { status, body } = await ask(session, query);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      errors: [{ message: expect.stringContaining(reason) }],
      data: null,
    });
  }
});

test("rejects a body that is not a query", async () => {
  for (const kind of ["mutation", "subscription"]) {
    expect(await ask(session, `${kind} { version }`)).toMatchObject({
      status: 422,
      body: expect.stringContaining(`Schema does not support operation type \\"${kind}\\"`),
    });
  }
});

test("a text with a zero byte fails its step", async () => {
  for (const query of [
    String.raw`{ container { from(address: "a") { withExec(args: ["echo","a\u0000b"]) { stdout } } } }`,
    String.raw`{ directory { withNewFile(path: "a\u0000b", contents: "") { entries } } }`,
  ]) {
    expect(await ask(session, query)).toMatchObject({
      status: 200,
      body: expect.stringContaining('"message":"invalid argument"'),
    });
  }
});

test("rejects a missing required variable", async () => {
  const { body } = await ask(
    session,
    "query ($a: String!) { container { from(address: $a) { id } } }",
  );
  expect(body).toContain('missing required argument: \\"address\\"');
});

test("rejects a body larger than 64 MiB, and the session continues", async () => {
  const body = JSON.stringify({ query: `{ version } #${"x".repeat(64 * 1024 * 1024)}` });
  const answer = await send(session, { body });
  expect(answer).toMatchObject({ status: 500, body: expect.stringContaining("64 MiB") });
  expect(await data(session, "{ version }")).toEqual({ version: "v0.21.8" });
});

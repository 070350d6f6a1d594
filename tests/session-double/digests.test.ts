/** Tests which pulls by tag and by digest contact which host, compared with a recorded experiment. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { decodeSpans } from "../../src/traces/index.js";
import { startCollector } from "../traces/fake-collector.js";
import { ask, data } from "./client.js";

const TAG = "quay.io/acme/app:1";
const DOWN = { host: "quay.io", kind: "status", status: 503 } as const;

function running(address: string, command = "true"): string {
  return `{ container { from(address: "${address}") { withExec(args: ["echo","${command}"]) { stdout } } } }`;
}

async function imageRef(session: SessionDouble, address: string): Promise<string> {
  const query = `{ container { from(address: "${address}") { imageRef } } }`;
  const { container } = (await data(session, query)) as {
    container: { from: { imageRef: string } };
  };
  return container.from.imageRef;
}

let double: SessionDouble;

beforeEach(async () => {
  double = await startSessionDouble();
});

afterEach(() => double.stop());

/** Returns how many requests a host gets while a query runs in a new session. */
async function askedBy(query: string): Promise<number> {
  await using session = await double.openSession();
  const before = double.requestsTo("quay.io");
  await data(session, query);
  return double.requestsTo("quay.io") - before;
}

test("a tag has one digest in all sessions, and imageRef returns it", async () => {
  const ref = await imageRef(double, "busybox:1");
  expect(ref).toMatch(/^docker\.io\/library\/busybox:1@sha256:[0-9a-f]{64}$/);
  await using session = await double.openSession();
  expect(await imageRef(session, "docker.io/library/busybox:1")).toBe(ref);
  expect(await imageRef(session, ref)).toBe(ref);
  expect(await imageRef(session, "busybox:2")).not.toBe(ref);
  await using other = await startSessionDouble({ engineVersion: "v0.19.11" });
  expect(await imageRef(other, "busybox:1")).toBe(ref);
});

test("the digest of a tag is the same for all platforms", async () => {
  const ref = await imageRef(double, TAG);
  const query = `{ container(platform: "linux/s390x") { from(address: "${TAG}") { imageRef } } }`;
  expect(await data(double, query)).toEqual({ container: { from: { imageRef: ref } } });
});

test("every session requests a tag, and only the tag if the image is present", async () => {
  expect(await askedBy(running(TAG))).toBe(5);
  expect(await askedBy(running(TAG))).toBe(1);
  expect(await askedBy(running(TAG, "other"))).toBe(1);
});

test("imageRef costs no request in the session that has used the tag", async () => {
  await data(double, running(TAG));
  const asked = double.requestsTo("quay.io");
  await imageRef(double, TAG);
  expect(double.requestsTo("quay.io")).toBe(asked);
});

test("an image used by its tag is requested by its digest once, and never again", async () => {
  const ref = await imageRef(double, TAG);
  await data(double, running(TAG));
  // A cached result needs no request. A new command needs the content of the image, which is requested
  // once.
  expect(await askedBy(running(ref))).toBe(0);
  expect(await askedBy(running(ref, "other"))).toBe(1);
  expect(await askedBy(running(ref, "third"))).toBe(0);
  expect(await askedBy(running(ref.replace(":1@", "@"), "fourth"))).toBe(0);
});

test("an image used by its digest needs no further request", async () => {
  const ref = `quay.io/acme/app@sha256:${"ab".repeat(32)}`;
  expect(await askedBy(running(ref))).toBe(5);
  double.setFaults([DOWN]);
  expect(await askedBy(running(ref, "other"))).toBe(0);
});

test("tag, then digest, then an outage: the third run works, but not by the tag", async () => {
  const ref = await imageRef(double, TAG);
  await data(double, running(TAG, "one"));
  await askedBy(running(ref, "two"));
  double.setFaults([DOWN]);
  expect(await askedBy(running(ref, "three"))).toBe(0);
  await expect(askedBy(running(TAG, "three"))).rejects.toThrow("503 Service Unavailable");
  // A command that has already run still needs the digest of its tag, which the host must answer.
  await expect(askedBy(running(TAG, "one"))).rejects.toThrow("503 Service Unavailable");
});

describe("as recorded with the registry down", () => {
  test("an image used by its tag fails where its content is needed, after four requests", async () => {
    const ref = await imageRef(double, TAG);
    await data(double, running(TAG));
    double.setFaults([DOWN]);
    await using session = await double.openSession();
    const before = double.requestsTo("quay.io");
    const { body } = await ask(session, running(ref, "other"));
    const [, digest] = ref.split("@");
    expect(JSON.parse(body)).toMatchObject({
      errors: [
        {
          message: expect.stringMatching(
            new RegExp(
              `^pull image "${ref}": unexpected status from HEAD request to https://quay.io/v2/acme/app/manifests/${digest}: 503 Service Unavailable \\[traceparent:`,
            ),
          ),
          path: ["container", "from", "withExec", "stdout"],
        },
      ],
    });
    expect(double.requestsTo("quay.io") - before).toBe(4);
  });

  test("the same digest of another repository fails where it is named", async () => {
    const [, digest] = (await imageRef(double, TAG)).split("@");
    double.setFaults([DOWN]);
    const before = double.requestsTo("quay.io");
    const never = `quay.io/acme/never@${digest}`;
    const { body } = await ask(double, running(never));
    expect(JSON.parse(body)).toMatchObject({
      errors: [
        {
          message: `failed to resolve image "${never}" (platform: "linux/${process.arch === "x64" ? "amd64" : process.arch}"): unexpected status from HEAD request to https://quay.io/v2/acme/never/manifests/${digest}: 503 Service Unavailable`,
          path: ["container", "from"],
        },
      ],
    });
    expect(double.requestsTo("quay.io") - before).toBe(4);
  });
});

test("does not find a digest that a tag never had", async () => {
  await imageRef(double, TAG);
  const unknown = `${TAG}@sha256:${"0".repeat(64)}`;
  await expect(data(double, running(unknown))).rejects.toThrow(
    new RegExp(
      `^failed to resolve image "${unknown}" \\(platform: "\\S+"\\): ${unknown}: not found$`,
    ),
  );
  await using old = await startSessionDouble({ engineVersion: "v0.19.11" });
  await imageRef(old, TAG);
  const { body } = await ask(old, running(unknown));
  expect(JSON.parse(body)).toMatchObject({
    errors: [
      {
        message: expect.stringMatching(new RegExp(`^${unknown}: not found \\[traceparent:`)),
        path: ["container", "from", "withExec", "stdout"],
      },
    ],
  });
});

test("accepts any digest for an unused tag", async () => {
  const pinned = `${TAG}@sha256:${"12".repeat(32)}`;
  expect(await imageRef(double, pinned)).toBe(pinned);
});

test("a tag has the digest of its last publish", async () => {
  const before = await imageRef(double, TAG);
  const query = `{ container { from(address: "busybox") { publish(address: "${TAG}") } } }`;
  const published = (await data(double, query)) as {
    container: { from: { publish: string } };
  };
  await using session = await double.openSession();
  expect(await imageRef(session, TAG)).toBe(published.container.from.publish);
  expect(await imageRef(session, before)).toBe(before);
});

test("engine 0.19 sends no request for a digest that it used by its tag", async () => {
  await using old = await startSessionDouble({ engineVersion: "v0.19.11" });
  const ref = await imageRef(old, TAG);
  await data(old, running(TAG));
  old.setFaults([DOWN]);
  await using session = await old.openSession();
  await data(session, running(ref, "other"));
});

test("spans show how a session treats a call that another one made before", async () => {
  await using collector = await startCollector();
  const traces = { endpoint: collector.endpoint };
  await using traced = await startSessionDouble({ traces });
  const ref = await imageRef(traced, TAG);
  await data(traced, running(TAG));
  await using session = await traced.openSession();
  await data(session, running(ref));
  await session.stop();
  const spans = decodeSpans(collector.received[0]?.body ?? Buffer.alloc(0));
  const cached = spans.filter(({ attributes }) => attributes["dagger.io/dag.cached"]);
  expect(cached.map(({ name }) => name)).toEqual([
    "Query.container",
    "Container.from",
    "Container.withExec",
  ]);
  expect(spans.some(({ name }) => name.startsWith("remotes."))).toBe(false);
});

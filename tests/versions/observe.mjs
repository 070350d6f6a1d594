/**
 * Uses the guarded SDK like a pipeline, and prints its observations as one line of JSON. Runs in a separate
 * project that contains the package and one version of the Dagger SDK.
 */

import { readFileSync } from "node:fs";
import * as sdk from "@dagger.io/dagger";
import { createRegistry } from "dagger-circuit-breaker";
import { connect, connection, dag, guard } from "dagger-circuit-breaker/dagger";
import { startSessionDouble } from "dagger-circuit-breaker/testing";

const [engineVersion] = process.argv.slice(2);
/** The options of breakers, which open at the second failure. */
const defaults = { trip: { consecutive: 2 } };
const upstreams = { "registry:*": { trip: { consecutive: 2 } } };

const seen = { version: readVersion() };
await scene("connect", onConnect);
await scene("connection", onConnection);
await scene("guard", onGuard);
await scene("objects", onObjects);
await scene("execError", onExecError);
await scene("registryDown", onRegistryDown);
await scene("timeout", onTimeout);
await scene("abort", onAbort);
await scene("killed", onKilledEngine);
await scene("ownSession", onOwnSession);
await scene("ownSessionError", onOwnSessionError);
await scene("cliEndsEarly", onCliEndsEarly);
await scene("witness", onWitness);
console.log(JSON.stringify(seen));

/** Runs one scene with a new session double. */
async function scene(name, body) {
  const double = await startSessionDouble({ engineVersion, lostSessionDelayMs: 20 });
  const registry = createRegistry({ defaults });
  const options = { registry, breakers: { engine: defaults, ...upstreams } };
  Object.assign(process.env, double.environment);
  try {
    seen[name] = await body({ double, registry, options });
  } finally {
    leaveSession();
    await double.stop();
  }
}

async function onConnect({ registry, options }) {
  const value = await connect(
    (client) => client.container().from("alpine").withExec(["echo", "hi"]).stdout(),
    { guard: options },
  );
  return { value, ...countsOf(registry) };
}

async function onConnection({ registry, options }) {
  const value = await connection(
    () => dag.directory().withNewFile("greeting", "hi").file("greeting").contents(),
    { guard: options },
  );
  const unguarded = countsOf(registry);
  await sdk.connection(() => dag.version());
  return { value, ...unguarded, sameAfter: countsOf(registry).calls === unguarded.calls };
}

async function onGuard({ registry, options }) {
  const values = [];
  await sdk.connect(async (client) => {
    values.push(
      await guard(client, options).container().from("alpine").withExec(["true"]).exitCode(),
    );
    await client.version();
  });
  await sdk.connection(async () => {
    values.push(await guard(sdk.dag, options).directory().withNewFile("a", "").entries());
  });
  return { values, ...countsOf(registry) };
}

async function onObjects({ registry, options }) {
  const value = await connect(
    async (client) => {
      const files = client.directory().withNewFile("a", "1").withNewFile("b", "2");
      const container = client
        .container()
        .from("alpine")
        .withDirectory("/files", files)
        .with((before) => before.withEnvVariable("NAME", "value").withWorkdir("/files"))
        .withExec(["sh", "-c", 'cat a b; echo "$NAME"']);
      const ready = await container.sync();
      const variables = await ready.envVariables();
      const names = await Promise.all(variables.map((variable) => variable.name()));
      return [
        await ready.stdout(),
        names.includes("NAME"),
        await ready.directory("/files").entries(),
      ];
    },
    { guard: options },
  );
  return { value, failures: countsOf(registry).failures };
}

async function onExecError({ registry, options }) {
  return connect(
    async (client) => {
      const broken = client
        .container()
        .from("alpine")
        .withExec(["sh", "-c", "echo no >&2; exit 3"]);
      const error = await reasonOf(broken.stdout());
      const { name, code, exitCode, stderr } = error;
      const isSdkError = error instanceof sdk.ExecError;
      return { name, code, exitCode, stderr, isSdkError, ...countsOf(registry) };
    },
    { guard: options },
  );
}

async function onRegistryDown({ double, registry, options }) {
  double.fail({ host: "docker.io", kind: "status", status: 503 });
  return connect(
    async (client) => {
      const pull = (image) => reasonOf(client.container().from(image).withExec(["true"]).sync());
      const failures = [await pull("alpine:1"), await pull("alpine:2")].map(({ name }) => name);
      const { name, breakerName, reason } = await pull("alpine:3");
      const other = await pull("ghcr.io/acme/app:1");
      const { failures: engineFailures } = countsOf(registry);
      return {
        failures,
        rejection: { name, breakerName, reason },
        other: other.name,
        engineFailures,
      };
    },
    { guard: options },
  );
}

async function onTimeout({ double, registry, options }) {
  const outcome = await connect(
    (client) => reasonOf(client.container().from("alpine").withExec(["sleep", "60"]).sync()),
    { guard: { ...options, operationTimeoutMs: 1_000 } },
  );
  await until(() => double.commandsRunning === 0);
  return { name: outcome.name, failures: countsOf(registry).failures };
}

async function onAbort({ double, registry, options }) {
  const controller = new AbortController();
  const reason = new Error("enough");
  const outcome = await connect(
    async (client) => {
      const running = reasonOf(client.container().from("alpine").withExec(["sleep", "60"]).sync());
      await until(() => double.commandsRunning === 1);
      controller.abort(reason);
      return running;
    },
    { guard: { ...options, signal: controller.signal } },
  );
  return { isReason: outcome === reason, failures: countsOf(registry).failures };
}

async function onKilledEngine({ double, registry, options }) {
  const errors = await connect(
    async (client) => {
      double.kill();
      return [
        await reasonOf(client.directory().withNewFile("a", "").entries()),
        await reasonOf(client.directory().withNewFile("b", "").entries()),
      ];
    },
    { guard: options },
  );
  const { failures } = countsOf(registry);
  registry.get("engine").isolate("maintenance");
  const refused = await reasonOf(connect(async () => "never", { guard: options }));
  return { errors: errors.map(({ name }) => name), failures, refused: refused.name };
}

/** Uses a session that the SDK starts by itself, as it starts the `dagger` CLI. */
async function onOwnSession({ double, registry, options }) {
  await enterCli(double);
  const value = await connect(
    (client) => client.container().from("alpine").withExec(["echo", "hi"]).stdout(),
    { guard: options },
  );
  return { value, ...countsOf(registry) };
}

async function onOwnSessionError({ double, options }) {
  await enterCli(double);
  const mine = new Error("mine");
  const fail = async () => {
    throw mine;
  };
  return {
    connect: (await reasonOf(connect(fail, { guard: options }))) === mine,
    connection: (await reasonOf(connection(fail, { guard: options }))) === mine,
  };
}

async function onCliEndsEarly({ registry, options }) {
  leaveSession();
  process.env._EXPERIMENTAL_DAGGER_CLI_BIN = "/bin/false";
  const { name } = await reasonOf(connect(async () => "never", { guard: options }));
  return { name, failures: countsOf(registry).failures };
}

/** Lets a registry hang until the timeout, which only the engine's spans can show. */
async function onWitness({ double, registry, options }) {
  await enterCli(double);
  const before = JSON.stringify(process.env);
  const pull = (client) => client.container().from("alpine:3").withExec(["echo", "hi"]).stdout();
  const guard = { ...options, traces: true };
  const value = await connection(() => pull(dag), { guard });
  double.setFaults([{ host: "docker.io", kind: "hang" }]);
  const hanging = connect(pull, { guard: { ...guard, operationTimeoutMs: 1000 } });
  const { name } = await reasonOf(hanging);
  const hub = registry.getAll().get("registry:docker.io");
  for (let tries = 0; tries < 200 && hub.getMetrics().metrics.failureCount === 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { metrics, inFlightCount } = hub.getMetrics();
  const environmentUnchanged = JSON.stringify(process.env) === before;
  return { value, name, failures: metrics.failureCount, inFlightCount, environmentUnchanged };
}

async function enterCli(double) {
  leaveSession();
  Object.assign(process.env, await double.cliEnvironment());
}

function leaveSession() {
  delete process.env.DAGGER_SESSION_PORT;
  delete process.env.DAGGER_SESSION_TOKEN;
}

function countsOf(registry) {
  const { successCount, failureCount } = registry.get("engine").getMetrics().metrics;
  return { calls: successCount + failureCount, failures: failureCount };
}

/** Returns the error of a promise that rejects. A promise that resolves returns its value. */
function reasonOf(promise) {
  return promise.then(
    (value) => ({ name: "no error", value }),
    (reason) => reason,
  );
}

/** Waits until a condition holds that another process changes. */
async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

function readVersion() {
  const manifest = new URL("./node_modules/@dagger.io/dagger/package.json", import.meta.url);
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}

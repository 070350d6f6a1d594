// Runs in a project that has one version of the SDK and the built package; prints what it saw as JSON.

import { createRegistry } from "dagger-circuit-breaker";
import { connect, connection, dag, guard } from "dagger-circuit-breaker/dagger";
import { startSessionDouble } from "dagger-circuit-breaker/testing";

console.error = () => {}; // The SDK prints a failed version check by itself.
const reasonOf = (promise) =>
  promise.then(
    () => "resolved",
    (error) => error.code ?? error.name,
  );
const enter = ({ environment }) => Object.assign(process.env, environment);

const double = await startSessionDouble();
enter(double);
const registry = createRegistry({ defaults: { failureThreshold: 2 } });
const options = { guard: { registry } };
const engine = registry.get("engine");
const seen = {};

seen.value = await connect(async (client) => {
  const base = client
    .container()
    .from("alpine")
    .with((one) => one.withEnvVariable("A", "b"));
  seen.exec = await reasonOf(base.withExec(["sh", "-c", "exit 3"]).stdout());
  const source = client.directory().withNewFile("a.txt", "x");
  seen.nested = await base.withDirectory("/source", source).withExec(["ls", "/source"]).stdout();
  const synced = await base.withExec(["echo", "synced"]).sync();
  seen.synced = await synced.stdout();
  seen.variables = (await base.envVariables()).length > 0;
  return 42;
}, options);
seen.connection = await connection(() => dag.version(), options);
seen.guarded = await connect((client) => guard(client, { registry }).version(), options);
seen.failures = engine.getMetrics().metrics.failureCount;

await connect(async (client) => {
  engine.isolate("maintenance");
  seen.rejected = await reasonOf(client.container().from("alpine").stdout());
  engine.release();
  double.kill();
  seen.killed = await reasonOf(client.version());
  seen.lost = await reasonOf(client.version());
}, options);
await connect((client) => reasonOf(client.version()), options);
seen.opened = engine.state;
seen.refused = await reasonOf(connect(async () => 1, options));
await double.stop();
console.log(JSON.stringify(seen));

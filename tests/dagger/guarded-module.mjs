// Acts as the function of a module that has a guard of its own, run by the module's runtime. It pulls the
// given images one after another, and fails with the error of the last failed pull. Its error contains the
// result of each pull, and the states of its circuits.
import { connection, dag } from "@dagger.io/dagger";

const { guard, guardRegistry } = await import(process.env.GUARD);

await connection(async () => {
  const call = dag.currentFunctionCall();
  const [images] = await call.inputArgs();
  const guarded = guard(dag);
  const said = [];
  let failed;
  for (const image of JSON.parse(await images.value())) {
    await guarded
      .container()
      .from(image)
      .sync()
      .then(() => said.push("pulled"))
      .catch((error) => {
        said.push(error.name);
        failed = error;
      });
  }
  const circuits = [...guardRegistry.getAll()].map(([name, { state }]) => `${name} ${state}`);
  const error = dag
    .error(failed.message)
    .withValue("said", JSON.stringify(said))
    .withValue("circuits", JSON.stringify(circuits.sort()));
  await call.returnError(error);
});

import { connect, GraphQLRequestError } from "@dagger.io/dagger";

await connect(async (client) => {
  try {
    console.log(await client.container().from("alpine:3").withExec(["echo", "built"]).stdout());
  } catch (error) {
    const told = error instanceof GraphQLRequestError ? error.extensions : undefined;
    if (told?._type !== "CIRCUIT_OPEN") throw error;
    console.error(`${told.upstream} is down, again in ${told.retryAfterMs} ms`);
    process.exitCode = 75;
  }
});

#!/usr/bin/env node
// A pipeline with the real SDK, written as users write theirs. It pulls the images in its arguments in one
// session, one after another, and prints the result of each pull.
import { connect } from "@dagger.io/dagger";

const images = process.argv.slice(2);
const { DAGGER_BREAKER_PROXY, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT } = process.env;
console.log(`guarded by ${DAGGER_BREAKER_PROXY}, traced to ${OTEL_EXPORTER_OTLP_TRACES_ENDPOINT}`);
await connect(async (client) => {
  for (const image of images) {
    const said = client.container().from(image).withExec(["echo", "ran"]).stdout();
    console.log(await said.catch((error) => `${error.name}: ${error.message}`));
  }
});

#!/usr/bin/env node
// A pipeline as its users write it, with the real SDK: pulls the images that its arguments name, one
// after another in one session, and prints the result of each.
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

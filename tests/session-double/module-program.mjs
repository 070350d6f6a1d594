// The function of a module as its runtime sees it, without an SDK. It reads its call from its session, and
// does what its only argument asks for.
const { DAGGER_SESSION_PORT: port, DAGGER_SESSION_TOKEN: token } = process.env;

async function ask(query) {
  const response = await fetch(`http://127.0.0.1:${port}/query`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`${token}:`).toString("base64")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ query }),
  });
  return (await response.json()).data;
}

const { currentModule, currentFunctionCall: call } = await ask(
  "{ currentModule { name } currentFunctionCall { name parentName parent inputArgs { name value } } }",
);
const [{ value }] = call.inputArgs;

switch (JSON.parse(value)) {
  case "return":
    await returnValue({ module: currentModule.name, ...call, mine: process.env.MINE });
    break;
  case "fail": {
    const { error } = await ask(
      '{ error(message: "no luck") { withValue(name: "tries", value: "3") { id } } }',
    );
    await ask(`{ currentFunctionCall { returnError(error: "${error.withValue.id}") } }`);
    process.exit(1);
    break;
  }
  case "exit":
    console.error("gave up");
    process.exit(7);
    break;
  case "hang":
    await ask('{ container { from(address: "quay.io/acme/started:1") { platform } } }');
    setInterval(() => {}, 1000);
    break;
}

/**
 * Reports the result of the function. The API takes JSON as a text, and that text must be quoted in the
 * query. So the value is encoded twice.
 */
function returnValue(given) {
  const json = JSON.stringify(JSON.stringify(given));
  return ask(`{ currentFunctionCall { returnValue(value: ${JSON.stringify(json)}) } }`);
}

// Zoom's own receiver behind its Lambda face: one request per line of the input, one answer per line of the output.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [, , folder, secret] = process.argv;
const { AwsLambdaReceiver } = createRequire(`${folder}/`)("@zoom/rivet/meetings");
console.debug = () => {}; // it prints every request
const receiver = new AwsLambdaReceiver({ webhooksSecretToken: secret });
const heard = [];
receiver.init({ eventEmitter: { emit: async (name) => void heard.push(name) } });
const handle = receiver.start();
for await (const line of createInterface({ input: process.stdin })) {
  const { statusCode, body } = await handle(JSON.parse(line), {});
  console.log(JSON.stringify({ status: statusCode, body: JSON.parse(body), heard: heard.splice(0) }));
}

// Prints every `workflow_job` example that Octokit publishes, signed by
// Octokit's own signer:
//
//   node sign.mjs SECRET  →  [{ "name", "event", "payload", "signature" }, …]
//
// `payload` is the body as text. The signature is over exactly these bytes, so
// whoever reads this must not parse and print the body again.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Webhooks } from "@octokit/webhooks";

const EVENT = "workflow_job";

const secret = process.argv[2];
if (!secret) {
  console.error("usage: node sign.mjs SECRET");
  process.exit(2);
}

// One folder for each flavour of GitHub: github.com, and each version of GitHub
// Enterprise Server. The package exports only the first, so we read the folders.
const root = dirname(
  fileURLToPath(import.meta.resolve("@octokit/webhooks-examples/package.json")),
);
const flavours = readdirSync(root)
  .filter((folder) => folder === "api.github.com" || folder.startsWith("ghes-"))
  .sort();

const webhooks = new Webhooks({ secret });
const deliveries = [];
for (const flavour of flavours) {
  const events = JSON.parse(readFileSync(join(root, flavour, "index.json"), "utf8"));
  const examples = events.find(({ name }) => name === EVENT)?.examples ?? [];
  for (const [index, example] of examples.entries()) {
    const payload = JSON.stringify(example);
    deliveries.push({
      name: `${flavour}/${EVENT}/${index}-${example.action}`,
      event: EVENT,
      payload,
      signature: await webhooks.sign(payload),
    });
  }
}

// A test over an empty list would pass and show nothing.
if (deliveries.length === 0) {
  console.error(`@octokit/webhooks-examples holds no ${EVENT} example`);
  process.exit(1);
}
process.stdout.write(`${JSON.stringify(deliveries, null, 2)}\n`);

// Asks Octokit's own verifier whether it accepts signatures made elsewhere:
//
//   node verify.mjs SECRET < [{ "payload", "signature" }, …]
//
// Prints how many it accepted. Exits with 1 at the first one that it refuses,
// and with 2 when the input is not such a list.

import { readFileSync } from "node:fs";
import { Webhooks } from "@octokit/webhooks";

const secret = process.argv[2];
if (!secret) {
  console.error("usage: node verify.mjs SECRET < deliveries.json");
  process.exit(2);
}

function readDeliveries() {
  const deliveries = JSON.parse(readFileSync(0, "utf8"));
  // A test over an empty list would pass and show nothing.
  if (!Array.isArray(deliveries) || deliveries.length === 0) {
    throw new TypeError("expected a list of at least one delivery");
  }
  for (const [index, { payload, signature }] of deliveries.entries()) {
    if (typeof payload !== "string" || typeof signature !== "string") {
      throw new TypeError(`delivery ${index}: payload and signature must be text`);
    }
  }
  return deliveries;
}

let deliveries;
try {
  deliveries = readDeliveries();
} catch (error) {
  console.error(`stdin: ${error.message}`);
  process.exit(2);
}

const webhooks = new Webhooks({ secret });
for (const [index, { name, payload, signature }] of deliveries.entries()) {
  // Octokit throws on an empty payload or signature: that is a refusal, too.
  const accepted = await webhooks.verify(payload, signature).catch(() => false);
  if (!accepted) {
    console.error(`refused: delivery ${index}${name ? ` (${name})` : ""}`);
    process.exit(1);
  }
}
console.log(deliveries.length);

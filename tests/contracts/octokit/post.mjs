// Posts one delivery, signed by Octokit's own signer, as GitHub does:
//
//   node post.mjs SECRET URL EVENT ID < payload.json
//
// Prints the answer's status, and its body behind it. Exits with 2 when there is nothing to post.

import { readFileSync } from "node:fs";
import { Webhooks } from "@octokit/webhooks";

const [secret, url, event, id] = process.argv.slice(2);
if (!id) {
  console.error("usage: node post.mjs SECRET URL EVENT ID < payload.json");
  process.exit(2);
}

const body = readFileSync(0, "utf8");
const answer = await fetch(url, {
  method: "POST",
  headers: {
    "content-type": "application/json",
    "x-github-delivery": id,
    "x-github-event": event,
    "x-hub-signature-256": await new Webhooks({ secret }).sign(body),
  },
  body,
});
console.log(answer.status, await answer.text());

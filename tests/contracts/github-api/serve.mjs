// Serves GitHub's description with Prism, prints the URL, and ends when its stdin does.
//
// In front of Prism is a door that takes two kinds of base URL: `/api/v3`, as of a GitHub Enterprise
// Server, and `/answer/<status>`, with which Prism is asked for that answer to all but the calls that
// get a token. What Prism finds wrong with a request is a 422 with its words, whether or not the
// operation has one. What it says of GitHub's own examples is passed over.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { cutDescription } from "./cut.mjs";

const BASE = /^\/(?:api\/v3|answer\/(?<status>\d{3}))(?=\/)/;
const GETS_A_TOKEN = /\/(installation|access_tokens)$/;

const folder = mkdtempSync(join(tmpdir(), "github-api-"));
const description = join(folder, "description.json");
writeFileSync(description, JSON.stringify(cutDescription()));

const cli = join(import.meta.dirname, "node_modules/@stoplight/prism-cli/dist/index.js");
const prism = spawn(process.execPath, [cli, "mock", "--port", "0", "--multiprocess", "false", description], {
  stdio: ["ignore", "pipe", "inherit"],
});
prism.on("exit", (code) => process.exit(code ?? 0));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.stdin.on("end", () => prism.kill()).resume();

createInterface({ input: prism.stdout }).on("line", (line) => {
  const url = line.match(/listening on (http:\S+)/)?.[1];
  if (url) open(url);
});

function open(prismUrl) {
  const door = createServer(async (request, response) => {
    const chunks = await request.toArray();
    const base = request.url.match(BASE);
    const path = request.url.slice(base?.[0].length ?? 0);
    const headers = { "content-type": request.headers["content-type"] ?? "application/json" };
    if (base?.groups.status && !GETS_A_TOKEN.test(path)) headers.prefer = `code=${base.groups.status}`;
    const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined;
    if (body === undefined) delete headers["content-type"];

    const answer = await fetch(prismUrl + path, { method: request.method, headers, body });
    const violations = JSON.parse(answer.headers.get("sl-violations") ?? "[]");
    const ours = violations.filter(({ location }) => location[0] === "request");
    if (ours.length > 0) {
      const message = ours.map((it) => `${it.location.join(".")}: ${it.message}`).join("; ");
      response.writeHead(422, { "content-type": "application/json" }).end(JSON.stringify({ message }));
      return;
    }
    const kept = ["content-type", "link"].filter((name) => answer.headers.has(name));
    response.writeHead(answer.status, Object.fromEntries(kept.map((name) => [name, answer.headers.get(name)])));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  door.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${door.address().port}`));
}

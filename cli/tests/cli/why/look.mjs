// Opens a page in a browser without a window, and prints what a person sees of it and what it asked the network for:
//
//   node look.mjs BROWSER URL  →  { "requests": ["file:///…"], "text": "…", "heading": "…" }
//
// `text` is the page's innerText, which has what is laid out and nothing that is hidden. It speaks the DevTools
// protocol on the pipes that `--remote-debugging-pipe` gives, a message between two zero bytes.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [browser, url] = process.argv.slice(2);
if (!url) {
  console.error("usage: node look.mjs BROWSER URL");
  process.exit(2);
}

const profile = mkdtempSync(join(tmpdir(), "mayfly-browser-"));
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", `--user-data-dir=${profile}`];
const child = spawn(browser, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const [send, receive] = [child.stdio[3], child.stdio[4]];

const answers = new Map();
const listeners = new Map();
let number = 0;
let rest = "";
receive.on("data", (data) => {
  const messages = (rest + data).split("\0");
  rest = messages.pop();
  for (const message of messages.map((text) => JSON.parse(text))) {
    if (message.id) {
      const { resolve, reject } = answers.get(message.id);
      if (message.error) reject(new Error(message.error.message));
      else resolve(message.result);
    } else {
      listeners.get(message.method)?.(message.params);
    }
  }
});

function call(method, params = {}, sessionId) {
  number += 1;
  send.write(`${JSON.stringify({ id: number, method, params, sessionId })}\0`);
  return new Promise((resolve, reject) => answers.set(number, { resolve, reject }));
}

try {
  const { targetId } = await call("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
  const requests = [];
  listeners.set("Network.requestWillBeSent", ({ request }) => requests.push(request.url));
  const loaded = new Promise((resolve) => listeners.set("Page.loadEventFired", resolve));
  await call("Network.enable", {}, sessionId);
  await call("Page.enable", {}, sessionId);
  await call("Page.navigate", { url }, sessionId);
  await loaded;
  const seen = async (expression) =>
    (await call("Runtime.evaluate", { expression, returnByValue: true }, sessionId)).result.value;
  const text = await seen("document.body.innerText");
  const heading = await seen("document.querySelector('h1')?.checkVisibility() ? document.querySelector('h1').innerText : ''");
  console.log(JSON.stringify({ requests, text, heading }));
} finally {
  const ended = new Promise((resolve) => child.on("exit", resolve));
  child.kill();
  await ended;
  rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

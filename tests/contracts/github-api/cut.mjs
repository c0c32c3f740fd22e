// Cuts GitHub's description of its API down to the operations that the App's client calls, with what
// they refer to: Prism takes long to start on the whole.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const OPERATIONS = [
  ["get", "/orgs/{org}/installation"],
  ["post", "/app/installations/{installation_id}/access_tokens"],
  ["get", "/orgs/{org}/actions/runner-groups"],
  ["post", "/orgs/{org}/actions/runner-groups"],
  ["post", "/orgs/{org}/actions/runners/generate-jitconfig"],
  ["get", "/orgs/{org}/actions/runners"],
  ["delete", "/orgs/{org}/actions/runners/{runner_id}"],
  ["get", "/orgs/{org}/actions/runners/{runner_id}"],
  ["get", "/repos/{owner}/{repo}"],
  ["get", "/repos/{owner}/{repo}/actions/jobs/{job_id}"],
  ["get", "/repos/{owner}/{repo}/actions/runs/{run_id}"],
  ["get", "/orgs/{org}/repos"],
  ["get", "/repos/{owner}/{repo}/actions/runs"],
  ["get", "/repos/{owner}/{repo}/actions/runs/{run_id}/jobs"],
  ["get", "/app/hook/deliveries"],
  ["post", "/app/hook/deliveries/{delivery_id}/attempts"],
  ["get", "/orgs/{org}/hooks"],
  ["get", "/orgs/{org}/hooks/{hook_id}/deliveries"],
  ["post", "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts"],
];

export function cutDescription() {
  const file = createRequire(import.meta.url).resolve("@octokit/openapi/generated/api.github.com.json");
  const whole = JSON.parse(readFileSync(file, "utf8"));
  const cut = { openapi: whole.openapi, info: whole.info, paths: {}, components: {} };

  // A reference is `#/components/<kind>/<name>`, and what it leads to may refer to more.
  const keepReferences = (value) => {
    if (value === null || typeof value !== "object") return;
    if (typeof value.$ref === "string") {
      const [, , kind, name] = value.$ref.split("/");
      const kept = (cut.components[kind] ??= {});
      if (!(name in kept)) {
        kept[name] = whole.components[kind][name];
        keepReferences(kept[name]);
      }
    }
    Object.values(value).forEach(keepReferences);
  };

  for (const [method, path] of OPERATIONS) {
    const operation = whole.paths[path]?.[method];
    if (!operation) throw new Error(`GitHub's description has no ${method} ${path}`);
    (cut.paths[path] ??= {})[method] = operation;
    keepReferences(operation);
  }
  return cut;
}

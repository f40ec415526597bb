// The service that a page is from, asked over HTTP. A page without a service has another file of this name.

import { $, problem, state } from "./parts.js";

/** Ask the service; a later question of the same name gives up the earlier one, which is then answered with null. */
const running = new Map();
export async function ask(name, path, fields) {
  running.get(name)?.abort();
  const control = new AbortController();
  running.set(name, control);
  const headers = {};
  const key = sessionStorage.getItem("key");
  if (key) headers.authorization = `Bearer ${key}`;
  const options = { headers, signal: control.signal };
  if (fields) {
    headers["content-type"] = "application/json";
    Object.assign(options, { method: "POST", body: JSON.stringify({ model: state.get("model") || null, ...fields }) });
  }
  try {
    const answer = await fetch(path, options);
    const found = await answer.json();
    if (running.get(name) !== control) return null;
    if (answer.ok) {
      problem("");
      return found;
    }
    if (answer.status === 401) $("key-form").hidden = false;
    problem(found.error.message);
  } catch (error) {
    if (error.name === "AbortError") return null;
    problem("The service does not answer.");
  }
  return null;
}

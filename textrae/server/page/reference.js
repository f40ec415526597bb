// The reference, made from the description that the service gives of itself.

import { $, make, problem } from "./parts.js";

const shown = (schema) => {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  const any = schema.anyOf ?? schema.oneOf;
  if (any) return any.map(shown).join(" or ");
  if (schema.enum) return schema.enum.join(", ");
  if (schema.const) return schema.const;
  const bounds = [["minimum", "≥ "], ["maximum", "≤ "], ["maxLength", "characters ≤ "], ["maxItems", "items ≤ "]]
    .filter(([name]) => name in schema).map(([name, sign]) => sign + schema[name].toLocaleString("en"));
  const kind = schema.type === "array" ? `list of ${shown(schema.items) || "values"}` : schema.type ?? "";
  return kind + (bounds.length ? ` (${bounds.join(", ")})` : "");
};

/** The fields as a table, which the keyboard scrolls sideways where it is too wide. */
function fields(schema, asked, name) {
  const needed = new Set(asked ? schema.required : []);
  const rows = Object.entries(schema.properties ?? {}).map(([name, one]) => make("tr", {},
    make("td", {}, make("code", {}, name), needed.has(name) ? " (needed)" : ""),
    make("td", {}, shown(one)),
    make("td", {}, one.default === undefined || one.default === null ? "" : JSON.stringify(one.default)),
    make("td", {}, one.description ?? "")));
  const head = ["Field", "Kind", "Default", "Meaning"].map((text) => make("th", { scope: "col" }, text));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
  return make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": name }, table);
}

function section(path, method, one, schemas) {
  const parts = [make("h2", {}, `${method.toUpperCase()} ${path}`), make("p", {}, one.summary)];
  const asked = one.requestBody?.content["application/json"]?.schema.$ref;
  if (asked) {
    const schema = schemas[asked.split("/").pop()];
    const { model, ...fitting } = schema.examples[0]; // no name that this service may not have
    const example = JSON.stringify(fitting).replaceAll("'", "'\\''");
    const line = `curl ${location.origin}${path} --json '${example}'`;
    parts.push(fields(schema, true, `Fields of ${path}`), make("pre", { tabindex: "0" }, make("code", {}, line)));
  }
  const answer = one.responses["200"]?.content?.["application/json"]?.schema.$ref;
  if (answer) parts.push(make("h3", {}, "Answer"), fields(schemas[answer.split("/").pop()], false, `Answer of ${path}`));
  return make("section", {}, ...parts);
}

const key = sessionStorage.getItem("key");
const answer = await fetch("openapi.json", { headers: key ? { authorization: `Bearer ${key}` } : {} });
const found = await answer.json();
if (answer.ok)
  for (const [path, methods] of Object.entries(found.paths))
    for (const [method, one] of Object.entries(methods))
      $("main").append(section(path, method, one, found.components.schemas));
else problem(found.error.message);

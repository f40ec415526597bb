// Rebuild, walk, samples, direction, translate: each has a function that shows it.

import { $, ask, later, lines, make, marked, options, state, whileBusy } from "./parts.js";

const WALK = 33; // points of a walk, fetched at once, so that the slider needs no service
const TOP_P = 0.5; // beside a temperature, as the library draws by itself
const BLURRED_TOP_P = 0.9;
const LEAST = "least"; // the strength of a move that goes no farther than a sentence needs
const STRENGTHS = Array.from({ length: 21 }, (_, place) => Math.round((place * 0.2 - 2) * 10) / 10);

export async function rebuild() {
  const texts = lines($("rebuild-text").value).slice(0, 50), out = $("rebuild-out");
  if (!texts.length) return out.replaceChildren();
  const found = await whileBusy(out, ask("rebuild", "reconstruct", { texts }));
  if (!found) return;
  out.replaceChildren(...texts.map((text, place) => {
    const exact = text === found.texts[place];
    const note = found.truncated.includes(place) ? " It is longer than the run reads, and was cut." : "";
    return make("div", { class: "pair" },
      make("p", { class: "quiet" }, (exact ? "It came back exactly." : "It came back differently.") + note),
      exact ? make("p", {}, text) : marked(text, found.texts[place]));
  }));
}

let path = [];

export async function walk() {
  const a = $("walk-a").value.trim(), b = $("walk-b").value.trim();
  path = [];
  if (!a || !b) return walkTo();
  const fields = { texts: [a, b], steps: WALK, method: $("walk-method").value || null };
  const found = await whileBusy($("walk-out"), ask("walk", "interpolate", fields));
  if (!found) return;
  path = found.texts;
  walkTo();
}

/** Show the sentence at the slider's place; nothing is asked for that. */
export function walkTo() {
  const t = Number($("walk-t").value), place = Math.round(t * (path.length - 1));
  $("walk-at").textContent = `${Math.round(100 * t)} %`;
  $("walk-out").textContent = path[place] ?? "";
  $("walk-t").setAttribute("aria-valuetext", `${$("walk-at").textContent}: ${$("walk-out").textContent}`);
  const runs = [];
  path.forEach((text, at) => {
    if (runs.at(-1)?.text !== text) runs.push({ text, first: at });
    runs.at(-1).last = at;
  });
  $("walk-all").replaceChildren(...runs.map((run) => {
    const here = place >= run.first && place <= run.last;
    return make("li", here ? { class: "here", "aria-current": "true" } : {}, run.text);
  }));
}

const number = (id) => Math.max(Number($(id).min), Math.min(Number($(id).max), Math.round(Number($(id).value))));

/** What the fields ask for, which the map asks for too. */
export function sampled() {
  const temperature = Number($("sample-temp").value), usual = temperature === 1;
  $("sample-temp-at").textContent = temperature.toFixed(2) + (usual ? ", as the run has it" : temperature ? "" : ", the likeliest words");
  const fields = {
    count: number("sample-n"), seed: number("sample-seed"),
    ...(usual ? {} : { temperature, top_p: temperature ? ($("sample-blur-l").hidden ? TOP_P : BLURRED_TOP_P) : null }),
    source: $("sample-source").value || null, label: $("sample-label").value || null,
  };
  const blur = $("sample-blur");
  if (!$("sample-blur-l").hidden && blur.value !== blur.dataset.initial) fields.blur = Number(blur.value);
  $("sample-blur-at").textContent = "blur" in fields ? blur.value : "as the run has it";
  if (fields.label) fields.source = "flow";
  return fields;
}

export async function sample() {
  const fields = sampled();
  const found = await whileBusy($("sample-out"), ask("sample", "sample", fields));
  if (found) $("sample-out").replaceChildren(...found.texts.map((text) => make("li", {}, text)));
}

let moved = [];

export async function direction() {
  const texts = lines($("direction-text").value).slice(0, 10);
  const source = lines($("direction-from").value).slice(0, 2000), target = lines($("direction-to").value).slice(0, 2000);
  moved = [];
  if (!texts.length || !source.length || !target.length) return directionTo();
  const fields = { texts, source, target, strength: $("direction-far").value || STRENGTHS };
  const found = await whileBusy($("direction-out"), ask("direction", "analogy", fields));
  if (!found) return;
  moved = found.moved.map((one) => ({ ...one, before: texts }));
  directionTo();
}

/** Show the sentences at the slider's strength, or those moved as far as they need; nothing is asked for that. */
export function directionTo() {
  const strength = Number($("direction-s").value), least = $("direction-far").value === LEAST;
  $("direction-s").disabled = least;
  $("direction-at").textContent = least ? "what each sentence needs" : String(Math.round(10 * strength) / 10);
  const found = moved.find((one) => (least ? one.strength === LEAST : Math.abs(one.strength - strength) < 0.05));
  const pairs = (found?.before ?? []).map((text, place) => make("div", { class: "pair" }, marked(text, found.texts[place])));
  $("direction-out").replaceChildren(...pairs);
}

export async function translate() {
  const texts = lines($("translate-text").value).slice(0, 20), out = $("translate-out");
  if (!texts.length) return out.replaceChildren();
  const best = Math.max(1, Math.min(10, Math.round(Number($("translate-n").value))));
  const fields = { texts, hypotheses: best, to: $("translate-to").value || null };
  const found = await whileBusy(out, ask("translate", "translate", fields));
  if (!found) return;
  out.replaceChildren(...texts.map((text, place) => make("div", { class: "pair" },
    make("p", { class: "quiet" }, text),
    ...found.hypotheses[place].map((one) =>
      make("p", {}, one.text, " ", ...(best > 1 ? [make("span", { class: "quiet" }, one.score.toFixed(2))] : []))))));
}

/** Fill what depends on the run. */
export function fill(run) {
  options($("walk-method"), ["", ...run.methods], ["as the run has it", ...run.methods]);
  options($("sample-source"), ["", ...run.sources], ["as the run has it", ...run.sources]);
  options($("sample-label"), ["", ...run.labels], ["any", ...run.labels]);
  $("sample-label-l").hidden = !run.labels.length;
  $("sample-blur-l").hidden = !run.blur;
  options($("direction-far"), ["", ...(run.least ? [LEAST] : [])], ["as the slider says", "no farther than each sentence needs"]);
  $("direction-far-l").hidden = !run.least;
  for (const button of document.querySelectorAll(".example")) button.hidden = !run.can.includes("sample");
  options($("translate-to"), run.languages.length ? run.languages : [""]);
  $("translate-to-l").hidden = run.languages.length < 2;
}

/** Fill empty fields with sentences of the run. */
async function example(button) {
  const empty = button.dataset.for.split(" ").map($);
  const source = [...$("sample-source").options].some((one) => one.value === "posterior") ? "posterior" : null;
  const fields = { count: 2, source, temperature: 0, seed: Math.floor(Math.random() * 1e9) };
  const found = await ask("example", "sample", fields);
  if (!found) return;
  const texts = empty.length === 1 ? [found.texts.join("\n")] : found.texts;
  empty.forEach((field, place) => {
    field.value = texts[place];
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

export function listen() {
  const on = (ids, call, wait) => ids.forEach((id) => $(id).addEventListener("input", wait ? later(call, wait) : call));
  on(["rebuild-text"], rebuild, 250);
  on(["walk-a", "walk-b", "walk-method"], walk, 250);
  on(["walk-t"], walkTo);
  on(["sample-n", "sample-seed", "sample-temp", "sample-source", "sample-label", "sample-blur"], sample, 150);
  on(["direction-from", "direction-to", "direction-text"], direction, 400);
  on(["direction-far"], direction);
  on(["direction-s"], directionTo);
  on(["translate-text", "translate-to", "translate-n"], translate, 400);
  for (const button of document.querySelectorAll(".example")) button.addEventListener("click", () => example(button));
  $("sample-more").addEventListener("click", () => {
    const seed = Number($("sample-seed").value) + 1;
    $("sample-seed").value = seed;
    state.set("seed", String(seed));
    sample();
  });
}

// The map: points on a canvas, and what can be done with them.

import { $, ask, later, lines, make, options, state, whileBusy } from "./parts.js";
import { sampled } from "./views.js";

const MOST = 10000, FOUND = 50, NEAR = 12;
const canvas = $("map-canvas");
let texts = [], points = [], found = new Set(), selected = new Set(), ends = [], hovered = -1, lasso = null;
let view = { x: 0, y: 0, scale: 1 };
let own = []; // sentences of a file, which no link can hold

const numbers = (test) => [...points.keys()].filter(test);
const size = () => canvas.getBoundingClientRect();

/** Place of a point on the canvas. */
function at([x, y]) {
  const { width, height } = size();
  return [(x - view.x) * view.scale + width / 2, height / 2 - (y - view.y) * view.scale];
}

function whole() {
  const { width, height } = size();
  if (!points.length || !width) return;
  const range = (axis) => points.reduce(([low, high], one) => [Math.min(low, one[axis]), Math.max(high, one[axis])], [Infinity, -Infinity]);
  const [left, right] = range(0), [low, high] = range(1);
  const scale = Math.min((width - 40) / Math.max(right - left, 1e-9), (height - 40) / Math.max(high - low, 1e-9));
  view = { x: (left + right) / 2, y: (low + high) / 2, scale };
  draw();
}

let waiting = false;
function draw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    paint();
  });
}

function paint() {
  const { width, height } = size(), ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  pen.scale(ratio, ratio);
  const side = points.length > 3000 ? 2.5 : points.length > 500 ? 4 : 6;
  const dots = (numbers, fill, edge) => {
    pen.fillStyle = fill;
    for (const number of numbers) {
      const [x, y] = at(points[number]);
      if (x > -9 && y > -9 && x < width + 9 && y < height + 9) pen.fillRect(x - edge / 2, y - edge / 2, edge, edge);
    }
  };
  pen.globalAlpha = found.size || selected.size ? 0.35 : 0.8;
  dots(points.keys(), colour("--accent"), side);
  pen.globalAlpha = 1;
  dots(selected, colour("--came"), side + 2);
  dots(found, colour("--found"), side + 2);
  pen.font = "bold 14px system-ui, sans-serif";
  pen.lineWidth = 2;
  pen.strokeStyle = pen.fillStyle = colour("--ink");
  if (ends.length === 2) {
    pen.beginPath();
    pen.moveTo(...at(points[ends[0]]));
    pen.lineTo(...at(points[ends[1]]));
    pen.stroke();
  }
  ends.forEach((number, place) => {
    const [x, y] = at(points[number]);
    pen.beginPath();
    pen.arc(x, y, 7, 0, 7);
    pen.stroke();
    pen.fillText("AB"[place], x + 10, y - 8);
  });
  if (hovered >= 0) {
    pen.beginPath();
    pen.arc(...at(points[hovered]), 7, 0, 7);
    pen.stroke();
  }
  if (lasso?.length > 1) {
    pen.setLineDash([5, 4]);
    pen.beginPath();
    lasso.forEach((one) => pen.lineTo(...one));
    pen.closePath();
    pen.stroke();
  }
}

function nearest(x, y, within = NEAR) {
  let best = -1, least = within * within;
  points.forEach((point, number) => {
    const [px, py] = at(point), distance = (px - x) ** 2 + (py - y) ** 2;
    if (distance < least) [best, least] = [number, distance];
  });
  return best;
}

function inside([x, y], polygon) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i], [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

let told = ""; // what is to be known of the map that is shown

function tell(extra = told) {
  const chosen = selected.size ? ` ${selected.size.toLocaleString("en")} selected.` : "";
  const hits = found.size ? ` ${found.size.toLocaleString("en")} found.` : "";
  $("map-status").textContent = points.length ? `${points.length.toLocaleString("en")} sentences.${hits}${chosen}${extra}` : extra;
  $("map-save").disabled = !selected.size;
}

function hover(number, x, y) {
  hovered = number;
  const tip = $("map-tip");
  tip.hidden = number < 0;
  if (number >= 0) {
    tip.textContent = texts[number];
    const { width, height } = size(), left = Math.max(0, Math.min(x + 12, width - tip.offsetWidth - 4));
    const under = y + 14 + tip.offsetHeight < height ? y + 14 : y - 14 - tip.offsetHeight;
    tip.style.transform = `translate(${left}px, ${Math.max(0, under)}px)`;
  }
  draw();
}

/** Show and tell the sentence nearest to the middle, for the keyboard; return its number. */
function aim() {
  const { width, height } = size(), number = nearest(width / 2, height / 2, Infinity);
  hover(number, ...(number < 0 ? [0, 0] : at(points[number])));
  if (number >= 0) tell(`${told} Nearest to the middle: ${texts[number]}`);
  return number;
}

/** Take a point as an end of a walk; the second one begins it. */
export async function pick(number) {
  ends = ends.length === 1 ? [ends[0], number] : [number];
  state.set("ends", ends.join(","));
  draw();
  await walk();
}

async function walk() {
  const out = $("map-walk");
  if (ends.length < 2) {
    out.replaceChildren(...(ends.length ? [`A: ${texts[ends[0]]}`] : []));
    return;
  }
  const both = ends.map((number) => texts[number]);
  const answer = await whileBusy(out, ask("map-walk", "interpolate", { texts: both, steps: 15 }));
  if (!answer) return;
  const way = answer.texts.filter((text, place) => text !== answer.texts[place - 1]);
  const open = make("button", { type: "button", onclick: () => {
    for (const [id, text] of [["walk-a", both[0]], ["walk-b", both[1]]]) {
      $(id).value = text;
      $(id).dispatchEvent(new Event("input", { bubbles: true }));
    }
    location.hash = `#${new URLSearchParams({ ...Object.fromEntries(state.all), view: "walk" })}`;
  } }, "Open in Walk");
  out.replaceChildren(make("ol", { class: "plain" }, ...way.map((text) => make("li", {}, text))), open);
}

const listed = (number) => make("li", {},
  make("button", { type: "button", "aria-label": `Walk from or to: ${texts[number]}`, onclick: () => pick(number) }, "Walk"),
  texts[number]);

/** List the sentences of an index whose encodings are nearest to what is searched for. */
async function near() {
  const [kind, name] = $("map-what").value.split(/:(.*)/s), wanted = $("map-search").value.trim();
  $("map-near-box").hidden = kind !== "index" || !wanted;
  if ($("map-near-box").hidden) return;
  const answer = await ask("near", "search", { queries: wanted, index: name, k: 10 });
  const places = new Map(texts.map((text, number) => [text, number]));
  const there = (answer?.hits[0] ?? []).map((hit) => places.get(hit.text)).filter((number) => number !== undefined);
  $("map-near").replaceChildren(...there.map(listed));
}

function search() {
  const wanted = $("map-search").value.trim().toLowerCase();
  found = new Set(wanted ? numbers((number) => texts[number].toLowerCase().includes(wanted)) : []);
  const shown = [...found].slice(0, FOUND).map(listed);
  if (found.size > FOUND) shown.push(make("li", { class: "quiet" }, `and ${found.size - FOUND} more`));
  $("map-found").replaceChildren(...shown);
  tell();
  draw();
}

/** Fetch what is to be placed, and its places. */
export async function show() {
  const [kind, name] = $("map-what").value.split(/:(.*)/s);
  $("map-file-l").hidden = kind !== "own";
  [texts, points, ends, hovered] = [[], [], [], -1];
  selected = new Set();
  told = "";
  hover(-1);
  search();
  if (kind === "own" && !own.length) return tell("Choose a file; it is sent to this service only.");
  tell("Computing …");
  let answer = null, chosen = own;
  if (kind === "samples") {
    chosen = (await ask("map", "sample", { ...sampled(), count: 500 }))?.texts;
  }
  if (chosen) answer = await whileBusy($("map-box"), ask("map", "map", { layout: $("map-layout").value, ...(kind === "index" ? { index: name } : { texts: chosen }) }));
  if (!answer) return tell("");
  texts = answer.texts ?? chosen;
  points = answer.points;
  ends = state.get("ends").split(",").filter(Boolean).map(Number).filter((number) => number < points.length);
  search();
  whole();
  const share = answer.explained && Math.round(100 * (answer.explained[0] + answer.explained[1]));
  const held = answer.explained ? ` Two directions hold ${share} % of what differs.` : " Neighbours are near each other; distances say little.";
  const left = answer.left_out ? ` ${answer.left_out.toLocaleString("en")} more of the index are left out.` : "";
  const cut = answer.truncated.length ? ` ${answer.truncated.length} are longer than the run reads, and were cut.` : "";
  told = `${held}${left}${cut}`;
  tell();
  near();
  await walk();
}

async function read() {
  const [file] = $("map-file").files;
  if (!file) return;
  const all = lines(await file.slice(0, 8e6).text());
  own = all.slice(0, MOST);
  await show();
  if (all.length > MOST) tell(`${told} The file's first ${MOST.toLocaleString("en")} lines are shown.`);
}

function save() {
  const content = [...selected].sort((a, b) => a - b).map((number) => `${texts[number]}\n`).join("");
  const url = URL.createObjectURL(new Blob([content], { type: "text/plain" }));
  make("a", { href: url, download: "selection.txt" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function zoom(factor, x, y) {
  const { width, height } = size();
  const dx = ((x ?? width / 2) - width / 2) / view.scale, dy = (height / 2 - (y ?? height / 2)) / view.scale;
  view = { x: view.x + dx - dx / factor, y: view.y + dy - dy / factor, scale: view.scale * factor };
  draw();
}

function drag() {
  let from = null, moved = false;
  const place = (event) => {
    const box = size();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const lassoing = () => $("map-lasso").getAttribute("aria-pressed") === "true";
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    [from, moved] = [place(event), false];
    if (lassoing()) lasso = [from];
  });
  canvas.addEventListener("pointermove", (event) => {
    const here = place(event);
    if (!from) return hover(nearest(...here), ...here);
    if (Math.hypot(here[0] - from[0], here[1] - from[1]) > 4) moved = true;
    if (lasso) lasso.push(here);
    else if (moved) {
      view.x -= (here[0] - from[0]) / view.scale;
      view.y += (here[1] - from[1]) / view.scale;
      from = here;
    }
    draw();
  });
  const end = (event) => {
    if (lasso && moved) selected = new Set(numbers((number) => inside(at(points[number]), lasso)));
    else if (from && !moved && event.type === "pointerup") {
      const number = nearest(...from);
      if (number >= 0) pick(number);
    }
    [from, lasso] = [null, null];
    tell();
    draw();
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => { if (!from) hover(-1); });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, ...place(event));
  }, { passive: false });
  canvas.addEventListener("blur", () => hover(-1));
  canvas.addEventListener("keydown", (event) => {
    const step = 40 / view.scale;
    if (event.ctrlKey || event.metaKey || event.altKey) return; // the browser's own
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (event.key in moves) {
      view.x += moves[event.key][0];
      view.y += moves[event.key][1];
      event.preventDefault();
      aim();
    } else if (event.key === "+" || event.key === "-") {
      zoom(event.key === "+" ? 1.2 : 1 / 1.2);
      aim();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      const number = aim();
      if (number >= 0) pick(number);
    } else if (event.key === "Escape") hover(-1);
  });
}

export function fill(run) {
  options($("map-layout"), run.layouts, run.layouts.map((name) => name.toUpperCase()));
  $("map-layout-l").hidden = run.layouts.length < 2;
  const indexes = run.indexes.map((name) => `index:${name}`);
  const samples = run.can.includes("sample") ? ["samples"] : [];
  options($("map-what"), [...indexes, ...samples, "own"],
    [...run.indexes.map((name) => `of the index ${name}`), ...samples.map(() => "500 samples of the run"), "of a text file"]);
}

export function listen() {
  drag();
  $("map-what").addEventListener("input", () => { state.set("ends", ""); show(); });
  $("map-layout").addEventListener("input", show);
  $("map-file").addEventListener("change", read);
  $("map-search").addEventListener("input", later(search, 100));
  $("map-search").addEventListener("input", later(near, 400));
  $("map-in").addEventListener("click", () => zoom(1.4));
  $("map-out").addEventListener("click", () => zoom(1 / 1.4));
  $("map-reset").addEventListener("click", whole);
  $("map-save").addEventListener("click", save);
  $("map-add").addEventListener("click", () => {
    selected = new Set([...selected, ...found]);
    tell();
    draw();
  });
  $("map-lasso").addEventListener("click", () => {
    const button = $("map-lasso"), on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
  });
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

// The page: which run, which view, and all that is chosen as a link.

import * as map from "./map.js";
import { $, ask, make, options, problem, state } from "./parts.js";
import * as views from "./views.js";

// view: its title, what the run must be able to do, what shows it
const VIEWS = {
  rebuild: ["Rebuild", "reconstruct", views.rebuild],
  walk: ["Walk", "interpolate", views.walk],
  sample: ["Samples", "sample", views.sample],
  map: ["Map", "map", map.show],
  direction: ["Direction", "analogy", views.direction],
  translate: ["Translate", "translate", views.translate],
};
const links = Object.fromEntries(Object.entries(VIEWS).map(([name, [title]]) => [name, make("a", {}, title)]));
let runs = [], filled = "";

const controls = () => document.querySelectorAll("[data-key]");
const initial = (control) => control.dataset.initial ?? "";

/** Write a control's value into the link, unless it is what the page begins with. */
function keep(control) {
  state.set(control.dataset.key, control.value, control.value !== initial(control));
}

function run() {
  return runs.find((one) => one.id === state.get("model")) ?? runs[0];
}

function able(one) {
  return Object.keys(VIEWS).filter((name) => one.can.includes(VIEWS[name][1]));
}

/** Show what the address says. */
function show() {
  state.read();
  const one = run(), names = able(one);
  $("about").textContent = one.about;
  if (filled !== one.id) {
    views.fill(one);
    map.fill(one);
    filled = one.id;
    for (const select of document.querySelectorAll("section select")) select.dataset.initial = select.value;
  }
  for (const control of controls()) {
    const value = state.get(control.dataset.key);
    if (control.id !== "model" && control.value !== (value || initial(control))) control.value = value || initial(control);
    if (control.tagName === "SELECT" && !control.value && control.options.length) control.selectedIndex = 0;
  }
  $("model").value = one.id;
  const chosen = names.includes(state.get("view")) ? state.get("view") : names[0];
  for (const name of Object.keys(VIEWS)) {
    $(name).hidden = name !== chosen;
    links[name].parentElement.hidden = !names.includes(name);
    if (name === chosen) links[name].setAttribute("aria-current", "page");
    else links[name].removeAttribute("aria-current");
  }
  refresh();
  problem(names.length ? "" : "This run can do nothing that this page shows.");
  document.title = chosen ? `${VIEWS[chosen][0]} · textrae` : "textrae";
  if (chosen) VIEWS[chosen][2]();
}

/** Have the links of the navigation hold what is chosen now. */
function refresh() {
  for (const [name, link] of Object.entries(links)) {
    const there = new URLSearchParams(state.all);
    there.set("view", name);
    link.href = `#${there}`;
  }
}

async function begin() {
  const found = await ask("models", "v1/models");
  if (!found) return;
  $("key-form").hidden = true;
  runs = found.data;
  options($("model"), runs.map((one) => one.id));
  show();
}

$("nav").append(...Object.values(links).map((link) => make("li", {}, link)));
for (const control of controls()) {
  control.dataset.initial = control.value;
  control.addEventListener("input", () => {
    keep(control);
    refresh();
  });
}
views.listen();
map.listen();
$("model").addEventListener("input", () => {
  state.set("ends", "");
  show();
});
$("sample-map").addEventListener("click", () => {
  const there = new URLSearchParams(state.all);
  there.set("view", "map");
  there.set("what", "samples");
  location.hash = `#${there}`;
});
$("share").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    $("share").textContent = "Copied";
  } catch {
    $("share").textContent = "Copy the address";
  }
  setTimeout(() => ($("share").textContent = "Copy link"), 2000);
});
$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("key", $("key").value);
  begin();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("main").focus();
});
addEventListener("hashchange", show);
begin();

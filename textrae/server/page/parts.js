// What all views need: the service, the address, elements, differences.

export { ask } from "./service.js";

export const $ = (id) => document.getElementById(id);

/** Make an element; strings become text, never HTML. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.className = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

export function problem(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

/** Call after the last of several changes. */
export function later(call, milliseconds = 250) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, milliseconds);
  };
}

/** What is chosen, as the part of the address behind #. */
export const state = {
  all: new URLSearchParams(location.hash.slice(1)),
  get(name) { return this.all.get(name) ?? ""; },
  set(name, value, kept = true) {
    if (value && kept) this.all.set(name, value);
    else this.all.delete(name);
    history.replaceState(null, "", `#${this.all}`);
  },
  read() { this.all = new URLSearchParams(location.hash.slice(1)); },
};

export const lines = (text) => text.split("\n").map((one) => one.trim()).filter(Boolean);

/** Words with the blanks before them; single characters where blanks part no words. */
function pieces(text) {
  const words = text.match(/\s*\S+|\s+/g) ?? [];
  return words.length < 3 && text.length > 12 && /[^\u0000-\u024f]/.test(text) ? [...text] : words;
}

/** Longest common subsequence of two texts as [kind, text]: "same", "gone", "came". */
export function differences(before, after) {
  const a = pieces(before).slice(0, 1000), b = pieces(after).slice(0, 1000);
  const same = (x, y) => x.trim() === y.trim();
  const width = b.length + 1, table = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      table[i * width + j] = same(a[i], b[j])
        ? table[(i + 1) * width + j + 1] + 1
        : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
  const found = [];
  const add = (kind, text) => {
    if (found.length && found.at(-1)[0] === kind) found.at(-1)[1] += text;
    else found.push([kind, text]);
  };
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && same(a[i], b[j])) { add("same", b[j]); i++; j++; }
    else if (i < a.length && (j >= b.length || table[(i + 1) * width + j] >= table[i * width + j + 1])) add("gone", a[i++]);
    else add("came", b[j++]);
  }
  return found;
}

/** A paragraph with what differs marked, for eyes and for screen readers. */
export function marked(before, after) {
  const names = { same: "span", gone: "del", came: "ins" };
  return make("p", {}, ...differences(before, after).map(([kind, text]) => make(names[kind], {}, text)));
}

export function options(select, values, texts = values) {
  select.replaceChildren(...values.map((value, place) => make("option", { value }, texts[place])));
}

/** Show that an element's content is being made. */
export async function whileBusy(element, work) {
  element.classList.add("busy");
  element.setAttribute("aria-busy", "true");
  try {
    return await work;
  } finally {
    element.classList.remove("busy");
    element.removeAttribute("aria-busy");
  }
}

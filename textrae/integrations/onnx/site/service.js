// What a service answers, computed in the page: the same questions, the same fields.

import { Model } from "./model.js";
import { $, problem } from "./parts.js";

const BETWEEN = 0.15, MOVED = 0.5; // levels of noise that the library assumes half-way and in moved sentences
const EPSILON = 1e-5;

let loaded = null, busy = Promise.resolve();
const running = new Map();

/** Answer a question; a later one of the same name gives up the earlier one, which is then answered with null. */
export async function ask(name, path, fields) {
  const mark = {};
  running.set(name, mark);
  const stopped = () => running.get(name) !== mark;
  try {
    loaded ??= Model.load();
    const model = await loaded;
    const before = busy;
    let done;
    busy = new Promise((go) => (done = go)); // one at a time: a graph computes one thing
    await before;
    try {
      const found = stopped() ? null : await ANSWERS[path](model, fields, stopped);
      if (found && !stopped()) {
        problem("");
        return found;
      }
    } finally {
      done();
    }
  } catch (error) {
    problem(`This browser cannot compute it: ${error.message ?? error}`);
  }
  return null;
}

const ANSWERS = {
  async "v1/models"({ config }) {
    const can = config.translates ? ["translate"] : ["reconstruct"];
    if (config.decodes) can.push("interpolate", "analogy");
    const languages = Object.keys(config.begin).filter(Boolean);
    $("translate-n").parentElement.hidden = true; // the likeliest translation only
    const none = { labels: [], sources: [], layouts: [], indexes: [] };
    return { data: [{ id: config.name, about: config.about, can, languages, methods: ["linear", "spherical"], blur: config.blur, least: false, ...none }] };
  },

  async reconstruct(model, { texts }, stopped) {
    const truncated = [], given = await model.read(texts, 0, truncated);
    const found = await model.write(given, "", stopped);
    return found && { texts: found, truncated };
  },

  async translate(model, { texts, to }, stopped) {
    const found = await model.write(await model.read(texts), to ?? "", stopped);
    return found && { hypotheses: found.map((text) => [{ text, score: 0 }]) };
  },

  async interpolate(model, { texts, steps, method }, stopped) {
    const { vectors: [a, b] } = await model.encode(texts);
    const points = between(a, b, steps, method ?? model.config.path, Number(model.config.keeps_length));
    const levels = points.map((_, place) =>
      model.config.blur && place && place < steps - 1 ? BETWEEN * Math.abs(Math.sin((Math.PI * place) / (steps - 1))) : 0);
    const found = await model.decode(points, { levels, stopped });
    return found && { texts: found };
  },

  async analogy(model, { texts, source, target, strength }, stopped) {
    if ([strength].flat().includes("least")) throw new Error("sentences are moved by numbers only, not by least");
    const { vectors } = await model.encode(texts), [from, to] = [mean(await model.encode(source)), mean(await model.encode(target))];
    const step = from.map((value, at) => to[at] - value);
    const move = (factor) => vectors.map((one) => onTheSphere(one.map((value, at) => value + factor * step[at]), model.config));
    const levels = strength.flatMap((factor) => vectors.map(() => (model.config.blur && factor ? MOVED : 0)));
    const found = await model.decode(strength.flatMap(move), { levels, stopped });
    const count = texts.length;
    const moved = found && strength.map((factor, at) => ({ strength: factor, texts: found.slice(at * count, (at + 1) * count) }));
    return moved && { moved };
  },
};

const norm = (vector) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));

/** Points on the way from one encoding to another; `apart` last numbers are linear in any case. */
export function between(a, b, steps, method, apart) {
  const size = a.length - apart, u = a.slice(0, size), v = b.slice(0, size), lengths = [norm(u), norm(v)];
  const cosine = u.reduce((sum, value, at) => sum + value * v[at], 0) / (lengths[0] * lengths[1]);
  const angle = Math.acos(Math.max(-1, Math.min(1, cosine)));
  const round = method === "spherical" && angle > 1e-6 && angle < Math.PI - 1e-6;
  return Array.from({ length: steps }, (_, place) => {
    if (place === 0 || place === steps - 1) return place ? b : a;
    const t = place / (steps - 1), point = a.map((value, at) => (1 - t) * value + t * b[at]);
    if (round) {
      const length = (1 - t) * lengths[0] + t * lengths[1];
      const [left, right] = [Math.sin((1 - t) * angle), Math.sin(t * angle)].map((part) => (part * length) / Math.sin(angle));
      for (let at = 0; at < size; at++) point[at] = (left * u[at]) / lengths[0] + (right * v[at]) / lengths[1];
    }
    return point;
  });
}

/** The mean of encodings. */
function mean({ vectors }) {
  return vectors[0].map((_, at) => vectors.reduce((sum, one) => sum + one[at], 0) / vectors.length);
}

/** An encoding with mean 0 and variance 1 again, if those of the run have them: its part for meaning, and the rest but a kept length. */
export function onTheSphere(vector, { normalised, meaning, keeps_length }) {
  if (!normalised) return vector;
  const out = vector.slice(), last = vector.length - Number(keeps_length);
  for (const [first, end] of [[0, meaning], [meaning, last]]) {
    const part = vector.slice(first, end), middle = part.reduce((sum, value) => sum + value, 0) / part.length;
    const spread = part.reduce((sum, value) => sum + (value - middle) ** 2, 0) / part.length;
    part.forEach((value, at) => (out[first + at] = (value - middle) / Math.sqrt(spread + EPSILON)));
  }
  return out;
}

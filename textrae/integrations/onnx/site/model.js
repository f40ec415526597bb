// An exported run in the browser: sentences to encodings and back, computed by onnxruntime-web.

import * as ort from "./runtime/ort.wasm.bundle.min.mjs";
import { Tokenizer } from "./tokenizer.js";

ort.env.wasm.wasmPaths = { wasm: new URL("./runtime/ort-wasm-simd-threaded.wasm", import.meta.url).href };
ort.env.wasm.numThreads = 1; // several need headers that a plain server of files does not send

const ROWS = 64; // sentences that are computed together

const whole = (values, shape) => new ort.Tensor("int64", BigInt64Array.from(values, (value) => BigInt(value)), shape);
const real = (values, shape) => new ort.Tensor("float32", values, shape);

async function bytes(path) {
  const answer = await fetch(new URL(`./model/${path}`, import.meta.url));
  if (!answer.ok) throw new Error(`model/${path}: ${answer.status}`);
  return answer.arrayBuffer();
}

const json = async (path) => JSON.parse(new TextDecoder().decode(await bytes(path)));

export class Model {
  static async load() {
    const model = new Model();
    model.config = await json("config.json");
    for (const side of ["reads", "writes"]) model[side] = new Tokenizer(await json(`${model.config[side]}.json`));
    for (const name of ["encoder", "start", "step"]) model[name] = await ort.InferenceSession.create(await bytes(`${name}.onnx`));
    return model;
  }

  /** Encodings of texts as arrays of numbers, and which texts were cut. */
  async encode(texts) {
    const vectors = [], cut = [];
    for (let first = 0; first < texts.length; first += ROWS) {
      const given = await this.read(texts.slice(first, first + ROWS), first, cut);
      vectors.push(...rows(given.vector));
    }
    return { vectors, cut };
  }

  /** What decoding texts needs; the places of those that were cut are added to `cut`. */
  async read(texts, first = 0, cut = []) {
    const found = texts.map((text) => this.reads.encode(text, this.config.max_length));
    found.forEach((one, place) => one.cut && cut.push(first + place));
    const lengths = found.map((one) => one.ids.length + 1), time = Math.max(...lengths);
    const ids = found.flatMap((one) => [...one.ids, ...Array(time - one.ids.length).fill(this.config.end)]);
    const given = { ids: whole(ids, [texts.length, time]), lengths: whole(lengths, [texts.length]) };
    return { ...given, ...(await this.encoder.run({ ids: given.ids, lengths: given.lengths })) };
  }

  /** Texts of encodings, whose decoder assumes levels of noise; null where `stopped` says so in between. */
  async decode(vectors, { to = "", levels = null, stopped = () => false } = {}) {
    const texts = [];
    for (let first = 0; first < vectors.length; first += ROWS) {
      const some = vectors.slice(first, first + ROWS), flat = new Float32Array(some.flatMap((one) => [...one]));
      const given = { vector: real(flat, [some.length, some[0].length]) };
      if (levels) given.levels = real(Float32Array.from(levels.slice(first, first + ROWS)), [some.length]);
      const written = await this.write(given, to, stopped);
      if (!written) return null;
      texts.push(...written);
    }
    return texts;
  }

  /** The likeliest texts, in a language, for what `read` returned. */
  async write(given, to = "", stopped = () => false) {
    const count = given.vector.dims[0], { end, blank, begin, max_length } = this.config;
    const start = { levels: real(new Float32Array(count), [count]), ...given };
    const held = await this.start.run(taken(this.start, start));
    const ids = Array.from({ length: count }, () => []), ended = Array(count).fill(false);
    let previous = Array(count).fill(begin[to] ?? Object.values(begin)[0]), shown = performance.now();
    for (let step = 0; step < max_length && ended.includes(false); step++) {
      if (performance.now() - shown > 30) {
        await new Promise((go) => setTimeout(go)); // the page stays awake
        shown = performance.now();
      }
      if (stopped()) return null;
      const all = { ...held, previous: whole(previous, [count]), step: whole([step], []) };
      const { scores, state_after } = await this.step.run(taken(this.step, all));
      held.state = state_after;
      previous = best(scores).map((id, row) => (ended[row] ? end : id));
      previous.forEach((id, row) => {
        ended[row] ||= id === end;
        if (!ended[row] && id > blank) ids[row].push(id);
      });
    }
    return ids.map((row) => this.writes.decode(row));
  }
}

const taken = (session, given) => Object.fromEntries(session.inputNames.map((name) => [name, given[name]]));

/** The rows of a tensor. */
function rows({ data, dims: [count, size] }) {
  return Array.from({ length: count }, (_, row) => data.slice(row * size, (row + 1) * size));
}

/** The place of the largest number of each row of a tensor. */
function best({ data, dims: [count, size] }) {
  return Array.from({ length: count }, (_, row) => {
    let place = 0;
    for (let at = 1; at < size; at++) if (data[row * size + at] > data[row * size + place]) place = at;
    return place;
  });
}

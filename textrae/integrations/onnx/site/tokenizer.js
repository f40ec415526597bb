// SentencePiece in JavaScript: byte-pair encoding or a unigram model, with byte fallback and without normalisation.

const SPACE = "\u2581", ESCAPE = "\ufdd0"; // a space is written as U+2581, so a real U+2581 is spelled otherwise
const NORMAL = 1, USER_DEFINED = 4, UNUSED = 5, BYTE = 6;
const UNKNOWN_PENALTY = 10; // below the least score, for a character that has no piece in a unigram model
const OWN = 0.1; // score of a user's piece in a unigram model for each byte after the first, as SentencePiece 0.2.3 has it
const ROOM = 64; // characters that are read beyond those that the ids wanted can hold

export class Tokenizer {
  /** Takes what the exporter wrote: pieces with scores and types, the kind of model, whether a space is put before. */
  constructor({ model, prefix, pieces, scores, types }) {
    Object.assign(this, { model, prefix, pieces, scores, types, ids: new Map(), bytes: new Map(), own: new Map() });
    this.longest = 1;
    pieces.forEach((piece, id) => {
      this.longest = Math.max(this.longest, [...piece].length);
      if (types[id] === BYTE) this.bytes.set(Number.parseInt(piece.slice(3, 5), 16), id);
      else if ([NORMAL, USER_DEFINED, UNUSED].includes(types[id])) this.ids.set(piece, id);
      if (types[id] === USER_DEFINED) this.own.set(piece, id);
    });
    const normal = scores.filter((_, id) => types[id] === NORMAL);
    this.least = normal.reduce((least, score) => Math.min(least, score), Infinity);
  }

  /** Ids of a text, at most as many as wanted, and whether it was cut. */
  encode(text, limit = Infinity) {
    const all = [...text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")];
    const kept = all.length > (limit + 1) * this.longest + ROOM ? all.slice(0, (limit + 1) * this.longest + ROOM) : all;
    const spelled = kept.join("").replaceAll(ESCAPE, `${ESCAPE}0`).replaceAll(SPACE, `${ESCAPE}1`);
    const given = spelled && (this.prefix ? SPACE : "") + spelled.replaceAll(" ", SPACE);
    const found = (this.model === "bpe" ? this.merged(given) : this.likeliest(given)).flatMap((piece) => this.spelled(piece));
    return { ids: found.slice(0, limit), cut: found.length > limit };
  }

  /** The text of ids, without those that are no text. */
  decode(ids) {
    let text = "", before = false, bytes = [];
    const flush = () => {
      text += characters(bytes);
      bytes = [];
    };
    for (const id of ids) {
      const piece = this.pieces[id];
      if (this.types[id] === BYTE) {
        bytes.push(Number.parseInt(piece.slice(3, 5), 16));
        continue;
      }
      flush();
      const first = this.prefix && !text && !before && piece.startsWith(SPACE);
      text += (first ? piece.slice(1) : piece).replaceAll(SPACE, " ");
      before ||= first;
    }
    flush();
    return text.replaceAll(`${ESCAPE}1`, SPACE).replaceAll(`${ESCAPE}0`, ESCAPE);
  }

  /** The id of a piece, or those of its bytes. */
  spelled(piece) {
    const id = this.ids.get(piece);
    return id === undefined ? [...new TextEncoder().encode(piece)].map((byte) => this.bytes.get(byte)) : [id];
  }

  /** Symbols of a text: pieces that a user defined, the longest first, and single characters. */
  symbols(text) {
    const all = [...text], found = [];
    const longest = Math.max(0, ...[...this.own.keys()].map((piece) => [...piece].length));
    for (let at = 0; at < all.length;) {
      let size = Math.min(longest, all.length - at);
      while (size > 0 && !this.own.has(all.slice(at, at + size).join(""))) size--;
      found.push({ text: all.slice(at, at + Math.max(1, size)).join(""), fixed: size > 0 });
      at += Math.max(1, size);
    }
    return found;
  }

  /** Pieces by byte-pair encoding: the best pair of neighbours is joined, the leftmost of equals, until there is none. */
  merged(text) {
    const symbols = this.symbols(text), parts = new Map();
    const scored = (place) => {
      const [a, b] = [symbols[place], symbols[place + 1]];
      const id = !b || a.fixed || b.fixed ? undefined : this.ids.get(a.text + b.text);
      if (id !== undefined && this.types[id] === UNUSED) parts.set(a.text + b.text, [a.text, b.text]);
      return id === undefined ? -Infinity : this.scores[id];
    };
    const scores = symbols.map((_, place) => scored(place));
    for (;;) {
      let best = -1;
      scores.forEach((score, place) => {
        if (score > -Infinity && (best < 0 || score > scores[best])) best = place;
      });
      if (best < 0) break;
      symbols.splice(best, 2, { text: symbols[best].text + symbols[best + 1].text, fixed: false });
      scores.splice(best, 2, scored(best));
      if (best) scores[best - 1] = scored(best - 1);
    }
    const apart = (piece) => {
      const two = this.types[this.ids.get(piece)] === UNUSED ? parts.get(piece) : undefined;
      return two ? two.flatMap(apart) : [piece];
    };
    return symbols.flatMap((symbol) => apart(symbol.text));
  }

  /** Pieces of the largest sum of scores (Viterbi), in float32 as SentencePiece adds them. */
  likeliest(text) {
    const all = [...text], sizes = all.map((one) => new TextEncoder().encode(one).length);
    const best = all.map(() => null);
    const offer = (end, start, score) => {
      const sum = score + (start ? best[start - 1].sum : 0);
      if (!best[end - 1] || sum > best[end - 1].sum) best[end - 1] = { sum: Math.fround(sum), start };
    };
    for (let start = 0; start < all.length; start++) {
      let piece = "", bytes = 0, single = false;
      for (let end = start + 1; end <= Math.min(all.length, start + this.longest); end++) {
        piece += all[end - 1];
        bytes += sizes[end - 1];
        const id = this.ids.get(piece);
        if (id === undefined || this.types[id] === UNUSED) continue;
        offer(end, start, this.types[id] === USER_DEFINED ? OWN * (bytes - 1) : this.scores[id]);
        single ||= end === start + 1;
      }
      if (!single) offer(start + 1, start, Math.fround(this.least - UNKNOWN_PENALTY));
    }
    const found = [];
    for (let end = all.length; end > 0; end = best[end - 1].start) found.unshift(all.slice(best[end - 1].start, end).join(""));
    return found;
  }
}

/** Characters of bytes; each byte that belongs to none becomes U+FFFD. */
function characters(bytes) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const size = bytes[at] < 0x80 ? 1 : bytes[at] < 0xe0 ? 2 : bytes[at] < 0xf0 ? 3 : 4;
    try {
      text += decoder.decode(new Uint8Array(bytes.slice(at, at + size)));
      at += size;
    } catch {
      text += "\ufffd";
      at += 1;
    }
  }
  return text;
}

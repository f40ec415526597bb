"""Encodes, decodes and rebuilds sentences with an exported run; needs onnxruntime, numpy and sentencepiece only."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import sentencepiece


class Exported:
    """A run that `textrae export` wrote into a folder, computed with some threads (0: one for each core)."""

    def __init__(self, folder: str | Path, threads: int = 0) -> None:
        place, options = Path(folder), onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.config, self.cut = json.loads((place / "config.json").read_text(encoding="utf-8")), 0
        self.encoder, self.start, self.step = (
            onnxruntime.InferenceSession(place / f"{name}.onnx", options, ["CPUExecutionProvider"])
            for name in ("encoder", "start", "step")
        )
        files = [str(place / self.config[side]) for side in ("reads", "writes")]
        self.reads, self.writes = (sentencepiece.SentencePieceProcessor(model_file=file) for file in files)

    def encode(self, texts: list[str]) -> dict[str, Any]:
        """Return the encodings of some texts as `vector`, and whatever else their decoding needs."""
        most, end = self.config["max_length"], self.config["end"]
        # a space is written as U+2581, so a real U+2581 is spelled otherwise
        rows = self.reads.encode([t.replace("\ufdd0", "\ufdd00").replace("\u2581", "\ufdd01") for t in texts])
        self.cut += sum(len(row) > most for row in rows)
        lengths = np.array([min(len(row), most) + 1 for row in rows])
        ids = np.array([(row[:most] + [end] * lengths.max())[: lengths.max()] for row in rows])
        return {"lengths": lengths, **_run(self.encoder, {"ids": ids, "lengths": lengths})}

    def decode(self, given: Any, to: str = "") -> list[str]:
        """Return the likeliest sentences, in a language, for encodings or for what :meth:`encode` returned."""
        if not isinstance(given, dict):
            given = _run(self.encoder, {"vectors": given}) if self.config["vectors"] else {"vector": given}
        count, written, ended = len(given["vector"]), [], False
        held = _run(self.start, {"levels": np.zeros(count, np.float32), **given})
        previous = np.full(count, self.config["begin"][to])
        for step in range(self.config["max_length"]):
            after = _run(self.step, {**held, "previous": previous, "step": np.array(step)})
            held["state"] = after["state_after"]
            previous = np.where(ended, self.config["end"], after["scores"].argmax(-1))
            written.append(previous)
            ended = previous == self.config["end"]
            if ended.all():
                break
        rows = [[i for i in row if i > self.config["blank"]] for row in np.stack(written, 1).tolist()]
        return [t.replace("\ufdd01", "\u2581").replace("\ufdd00", "\ufdd0") for t in self.writes.decode(rows)]

    def rebuild(self, texts: list[str], to: str = "", batch: int = 64) -> list[str]:
        """Return what the run writes for some texts: themselves, or their translations; nothing for a blank one."""
        out, filled = [""] * len(texts), [row for row, text in enumerate(texts) if text.strip()]
        filled.sort(key=lambda row: len(texts[row]))
        for rows in (filled[first : first + batch] for first in range(0, len(filled), batch)):
            for row, text in zip(
                rows, self.decode(self.encode([texts[row] for row in rows]), to), strict=True
            ):
                out[row] = text
        return out


def _run(session: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Run a graph on those of some arrays that it takes; return its outputs by name."""
    names = [one.name for one in session.get_outputs()]
    return dict(
        zip(names, session.run(names, {i.name: given[i.name] for i in session.get_inputs()}), strict=True)
    )


if __name__ == "__main__":  # python generate.py [LANGUAGE] < sentences.txt
    exported = Exported(Path(__file__).parent)
    lines = sys.stdin.buffer.read().decode("utf-8").removesuffix("\n").split("\n")
    written = exported.rebuild(lines, (sys.argv[1:] or [""])[0])
    sys.stdout.buffer.write("".join(f"{line}\n" for line in written).encode())
    if exported.cut:
        sys.stderr.write(f"{exported.cut} lines are longer than the run reads, and were cut\n")

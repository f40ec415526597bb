"""Recover sentences from the vectors of an encoder that was not trained here.

    python scripts/experiments/invert_vectors.py TRAIN VALID TEST --encoder FOLDER --minutes 20 [--keep DIR] [-- --latent 512]

FOLDER holds a sentence-transformers model (pip install sentence-transformers), which encodes every sentence. A decoder is
trained on the vectors of TRAIN, its checkpoint chosen by VALID, and its sentences for the vectors of TEST are compared with
TEST. Sentences of TEST that are in TRAIN or VALID are left out and counted. Prints what `textrae evaluate` measures, and the
cosine between the vectors of the decoded sentences and those they were decoded from. With --keep vectors and model stay in
DIR, and vectors that are there are used again. Arguments after -- are passed to `textrae train`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import parsed
from transfer_quality import lines


def vectors(encoder: Any, sentences: list[str], out: Path) -> None:
    """Encode sentences and save their vectors to `out`, unless that exists."""
    if out.exists():
        return
    begin = time.perf_counter()
    np.save(out, encoder.encode(sentences, batch_size=64).astype(np.float32))
    rate = len(sentences) / (time.perf_counter() - begin)
    print(f"{out.name}: {len(sentences):,} vectors, {rate:,.0f} a second", flush=True)


def main() -> None:
    """Encode, train, decode and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("train", "valid", "test"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--encoder", required=True, help="folder of a sentence-transformers model")
    parser.add_argument("--minutes", default="20")
    parser.add_argument("--beam", default="1", help="of the sentences printed (the table is greedy)")
    parser.add_argument("--keep", type=Path, help="folder for vectors and model; by default they are deleted")
    args, further = parsed(parser)
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(args.encoder, device="cpu")
    command = str(Path(sys.executable).with_name("textrae"))
    with nullcontext(args.keep) if args.keep else tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        train_lines, valid_lines, test_lines = (lines(path) for path in (args.train, args.valid, args.test))
        seen = {*train_lines, *valid_lines}
        test = [line for line in test_lines if line not in seen]
        print(
            f"{len(test):,} sentences; {len(test_lines) - len(test):,} that were seen in training are left out",
            flush=True,
        )
        (folder / "test.txt").write_text("\n".join([*test, ""]), encoding="utf-8")
        for part, sentences in (("train", train_lines), ("valid", valid_lines), ("test", test)):
            vectors(encoder, sentences, folder / f"{part}.npy")

        def vectors_of(part: str) -> str:
            return str(folder / f"{part}.npy")

        run = str(folder / "run")
        train = [
            command,
            "train",
            str(args.train),
            "--vectors",
            vectors_of("train"),
            "--valid",
            str(args.valid),
        ]
        train += ["--valid-vectors", vectors_of("valid"), "--minutes", args.minutes, "-o", run, "--overwrite"]
        subprocess.run([*train, *further], check=True)
        evaluate = [command, "evaluate", run, str(folder / "test.txt"), "--vectors", vectors_of("test")]
        subprocess.run(evaluate, check=True)
        decode = [command, "decode", run, vectors_of("test"), "--beam", args.beam]
        written = subprocess.run(decode, check=True, capture_output=True, text=True).stdout
        sentences = written.split("\n")[:-1]  # empty sentences too
        again = encoder.encode(sentences, batch_size=64)
        right = np.load(folder / "test.npy")
        norms = np.linalg.norm(again, axis=1) * np.linalg.norm(right, axis=1)
        print(
            f"cosine of the vectors to those of the decoded sentences: {((again * right).sum(1) / norms).mean():.3f}"
        )
        for sentence, other in list(zip(test, sentences, strict=True))[:10]:
            print(f"{sentence}\n  {other}")


if __name__ == "__main__":
    main()

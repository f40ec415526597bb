"""Plain text made ready for training: one sentence a row, its own target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.text.lines import Source, locate, read_sources, refuse_column, refuse_delimiter
from textrae.text.prepared import PreparedCorpus, build_cache, identity_of
from textrae.text.two_pass import Block, Note, Rows, Side, load_or_train, rereadable, text_side, write_cache
from textrae.text.wrapped import Wrapped


def prepare(
    paths: Sequence[str],
    config: CorpusConfig,
    cache_dir: Path,
    valid_path: str | None = None,
    note: Note = lambda line: None,
    stdin: BinaryIO | None = None,
) -> PreparedCorpus:
    """Make the token cache of plain text in `cache_dir`, or open it if it was made from the same files.

    The validation sentences are those of `valid_path`, or else a share of the distinct sentences (see
    :class:`~textrae.settings.corpus.CorpusConfig`), none of which is also trained on. The tokenizer sees both shares.

    Args:
        paths: files, folders or patterns of files, `-` for standard input, or names of data sets.
        config: how they are read, split and tokenized.
        cache_dir: folder of the cache.
        valid_path: validation file.
        note: called with each line for the user.
        stdin: stream to read in place of standard input.

    Raises:
        CorpusError: something cannot be read or written, or there is too little text; in one line.
    """
    if [*paths, valid_path].count("-") > 1:
        raise CorpusError("-: standard input can be read only once; give a file for the other")
    sources = [locate(path, config, stdin) for path in paths]
    held = [] if valid_path is None else [locate(valid_path, config, stdin)]
    refuse_column([*sources, *held], config.column)
    refuse_delimiter([*sources, *held], config.delimiter)
    identity = identity_of([sources, held], config)

    def learn(blocks: Iterator[Block], note: Note) -> tuple[Side]:
        lines, look = (line for block in blocks for line in block.lines), Wrapped()
        watched = look.watched(lines) if sources[0].format == "text" else lines
        side = text_side(load_or_train(config.tokenizer, watched, config, note), config)
        if share := look.broken():
            note(
                f"{share:.0%} of the lines end within a sentence, where they are full: a text of hard-wrapped lines, of which "
                "each is learnt as a sentence; `textrae split` makes one sentence a line of it"
            )
        return (side,)

    def write(folder: Path) -> None:
        with ExitStack() as stack:
            rows = _rows(rereadable(sources, folder, "", stack), config)
            valid = _rows(rereadable(held, folder, "valid", stack), config) if held else None
            write_cache(rows, valid, learn, config, folder, note, identity)

    return build_cache(cache_dir, write, identity, note)


def _rows(sources: Sequence[Source], config: CorpusConfig) -> Rows:
    return Rows(
        lambda counts: (Block(lines, (lines,)) for lines in read_sources(sources, config, counts)),
        [source.name for source in sources],
        [source.label for source in sources],
    )

"""Plain text made ready for training: one sentence a row, its own target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from textrae.errors import CorpusError
from textrae.settings.corpus import CorpusConfig
from textrae.settings.files import to_dict
from textrae.text.lines import Source, locate, read_sources, refuse_column, refuse_delimiter
from textrae.text.prepared import PreparedCorpus, build_cache, open_cache, os_error_as_corpus_error
from textrae.text.tokenizer import Tokenizer
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
        paths: files, `-` for standard input, or names of data sets.
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
    with os_error_as_corpus_error(cache_dir):
        identity = _identity(sources, held, config)
        if identity is not None and (found := open_cache(cache_dir, identity)) is not None:
            return found

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

    def write() -> None:
        with ExitStack() as stack:
            rows = _rows(rereadable(sources, cache_dir, "", stack), config)
            valid = _rows(rereadable(held, cache_dir, "valid", stack), config) if held else None
            write_cache(rows, valid, learn, config, cache_dir, note, identity)

    return build_cache(cache_dir, write)


def _rows(sources: Sequence[Source], config: CorpusConfig) -> Rows:
    return Rows(
        lambda counts: (Block(lines, (lines,)) for lines in read_sources(sources, config, counts)),
        [source.name for source in sources],
        [source.name if source.format == "datasets" else Path(source.name).name for source in sources],
    )


def _identity(
    sources: Sequence[Source], held: Sequence[Source], config: CorpusConfig
) -> dict[str, Any] | None:
    """Return what a cache is made from, so that it can be used again; None for pipes, which are never the same.

    Raises:
        CorpusError: the tokenizer that `config` names cannot be used.
    """
    every = [*sources, *held]
    if not all(source.rereadable for source in every):
        return None
    tokenizer = None if config.tokenizer is None else Tokenizer.load(config.tokenizer).digest
    files: list[list[Any]] = []
    for source in every:
        if source.format == "datasets":
            files.append([source.path, source.format])
        else:
            state = Path(source.path).stat()
            files.append([source.path, source.format, state.st_size, state.st_mtime_ns])
    return {"config": to_dict(config), "files": files, "valid": bool(held), "tokenizer": tokenizer}

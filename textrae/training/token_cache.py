"""Where a training's token cache lies, and what resuming it needs to know."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from textrae.errors import ConfigError, RunError
from textrae.runs.files import read_json, write_atomically
from textrae.runs.folder import CHECKPOINT, SETTINGS
from textrae.settings.run import Settings
from textrae.text.prepared import PreparedCorpus, open_cache


def stored_settings(out: Path) -> Settings | None:
    """The settings that an unfinished training in `out` was started with; None where there is none."""
    file = out / CHECKPOINT / SETTINGS
    if not file.is_file():
        return None
    try:
        return Settings.from_json(read_json(file))
    except (ConfigError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{file}: damaged ({error}); start anew with --overwrite") from None


def find_cache(out: Path, cache_dir: Path | None, resume: bool) -> tuple[Path, PreparedCorpus | None]:
    """Where the token cache of the run `out` is to lie, and what the training to be resumed has left of it.

    Args:
        cache_dir: for a folder of its own in there, as what else lies in it is not ours to touch; by default the run's
            checkpoint.
        resume: look there, where it lay when the training began, and (as an older textrae had it) in `cache_dir` itself.
    """
    checkpoint, whole = out / CHECKPOINT, out.resolve()
    place = checkpoint
    if cache_dir is not None:
        name = f"textrae-{whole.name}-{hashlib.sha256(str(whole).encode()).hexdigest()[:8]}"
        place = cache_dir.resolve() / name
    if not resume or not (checkpoint / SETTINGS).is_file():
        return place, None
    stored = read_json(checkpoint / SETTINGS)
    before, facts = stored.get("cache"), stored.get("cached")
    for other in (place, before, cache_dir):
        if isinstance(other, str | Path) and (found := open_cache(Path(other))) is not None:
            if facts in (None, _facts(found)):  # an older textrae kept no facts
                return found.folder, found
            found.close()  # another corpus's, made there since
    return place, None


def remember(out: Path, settings: Settings, corpus: PreparedCorpus) -> None:
    """Keep what resuming needs to know; :class:`RunError` where the disk refuses."""
    file = out / CHECKPOINT / SETTINGS
    kept = {**settings.to_json(), "cache": str(corpus.folder.resolve()), "cached": _facts(corpus)}
    try:
        write_atomically(file, json.dumps(kept, indent=1).encode())
    except OSError as error:
        raise RunError(
            f"{file}: cannot write ({error.strerror or error}); free or choose another place"
        ) from None


def refuse_another_corpus(out: Path, corpus: PreparedCorpus) -> None:
    """See that a cache that was made anew is that of the training to be resumed; it is removed if not.

    Raises:
        RunError: it is another one, or an older textrae did not say what it was.
    """
    if read_json(out / CHECKPOINT / SETTINGS).get("cached") != _facts(corpus):
        corpus.remove()
        raise RunError(
            f"{out}: its token cache is gone, and the corpus does not give the same one again; say where it is with "
            "--cache-dir, or start anew with --overwrite"
        )


def remove_cache(corpus: PreparedCorpus) -> None:
    """Close and delete it, and its folder unless something else is there."""
    corpus.remove()
    with suppress(OSError):
        corpus.folder.rmdir()


def _facts(corpus: PreparedCorpus) -> dict[str, Any]:
    """What two caches that train alike have in common, as JSON gives it back."""
    target = None if corpus.targets is None else corpus.targets.tokenizer.digest
    facts = {"tokenizer": corpus.tokenizer.digest, "target": target, **asdict(corpus.stats)}
    found: dict[str, Any] = json.loads(json.dumps(facts))
    return found

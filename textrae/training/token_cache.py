"""Where a training's token cache lies, and what resuming the training needs to know."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from textrae.errors import ConfigError, RunError, cannot_write
from textrae.runs.files import is_there, read_json, write_atomically
from textrae.runs.folder import CHECKPOINT, SETTINGS, upgrade
from textrae.settings.run import Settings
from textrae.text.prepared import SHARED, PreparedCorpus, changed_since, open_cache
from textrae.text.sources import listed
from textrae.version import __version__


@dataclass(frozen=True)
class Stopped:
    """A training that was stopped, as its `settings.json` tells."""

    settings: Settings
    """The settings that it began with."""
    cache: str | None
    """Folder of its token cache; None where an older textrae did not keep it."""
    facts: dict[str, Any] | None
    """What its token cache held; None where an older textrae did not keep it."""


def stopped_training(out: Path) -> Stopped | None:
    """Read the unfinished training in a run folder; return None where there is none.

    Raises:
        RunError: its settings are damaged.
    """
    file = out / CHECKPOINT / SETTINGS
    if not is_there(file):
        return None
    values = read_json(file)
    cache, facts = values.get("cache"), values.get("cached")
    if by := upgrade(values):
        raise RunError(f"{file}: {by}, or start again with `overwrite=True`")
    try:
        settings = Settings.from_json(values)
    except (ConfigError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{file}: damaged ({error}); start again with `overwrite=True`") from None
    return Stopped(
        settings, cache if isinstance(cache, str) else None, facts if isinstance(facts, dict) else None
    )


def find_cache(
    out: Path, cache_dir: Path | None, stopped: Stopped | None
) -> tuple[Path, PreparedCorpus | None]:
    """Return the folder for the token cache of the run `out`, and what a stopped training has left of it.

    Args:
        cache_dir: folder in which the cache gets a folder of its own, as other files there are not ours to touch. By
            default the cache lies in the run's checkpoint.
        stopped: the training to be resumed. Its cache is looked for where the new one would lie, and where it lay when
            the training began. An older textrae had it in `cache_dir` itself.
    """
    place, whole = out / CHECKPOINT, out.resolve()
    if cache_dir is not None:
        name = f"{SHARED}{whole.name}-{hashlib.sha256(str(whole).encode()).hexdigest()[:8]}"
        place = cache_dir.resolve() / name
    if stopped is None:
        return place, None
    named = (
        stopped.cache
    )  # by a folder that a stranger may have filled, or that is a copy: what it names may be another's
    if named is None or stopped.facts is None or not Path(named).name.startswith(SHARED):
        named = None
    for other in (place, named, cache_dir):
        if other is not None and (found := open_cache(Path(other))) is not None:
            if stopped.facts is None or _agree(stopped.facts, found):
                return found.folder, found
            found.close()  # the cache of another corpus, made there since
    return place, None


def remember(out: Path, settings: Settings, corpus: PreparedCorpus) -> None:
    """Write what resuming needs to know.

    Raises:
        RunError: the disk refuses.
    """
    file = out / CHECKPOINT / SETTINGS
    kept = {
        "textrae": __version__,
        **settings.to_json(),
        "cache": str(corpus.folder.resolve()),
        "cached": _facts(corpus),
    }
    try:
        write_atomically(file, json.dumps(kept, indent=1).encode())
    except OSError as error:
        raise RunError(cannot_write(file, error)) from None


def refuse_another_corpus(out: Path, corpus: PreparedCorpus, stopped: Stopped) -> None:
    """Check that a token cache that was made again is that of the training to be resumed; delete it if not.

    Raises:
        RunError: it is another one, or an older textrae did not keep what it held.
    """
    if stopped.facts is None or not _agree(stopped.facts, corpus):
        corpus.remove()
        raise RunError(
            f"{out}: its token cache is gone, and the corpus does not give the same one again; say where it is with "
            "`cache_dir`, or start again with `overwrite=True`"
        )


def changed_sources(settings: Settings, corpus: PreparedCorpus) -> Iterator[str]:
    """Yield a line if files have changed since the token cache was made of them, which a resumed training goes on with."""
    if names := changed_since(corpus.folder, settings.corpus):
        yield (
            f"{listed(names)}: changed since the token cache was made of the corpus; the training goes on with the text as it "
            "was then"
        )


def delete_cache(corpus: PreparedCorpus) -> None:
    """Close a token cache and delete it, and its folder unless something else lies there."""
    corpus.remove()
    with suppress(OSError):
        corpus.folder.rmdir()


def _agree(facts: dict[str, Any], corpus: PreparedCorpus) -> bool:
    """Tell whether a corpus is the one that facts were kept of; an older textrae kept fewer."""
    known = _facts(corpus)
    return bool(facts) and facts == {name: known.get(name) for name in facts}


def _facts(corpus: PreparedCorpus) -> dict[str, Any]:
    """Return what two caches have in common that train alike, as JSON gives it back."""
    target = None if corpus.targets is None else corpus.targets.tokenizer.digest
    facts = {"tokenizer": corpus.tokenizer.digest, "target": target, **asdict(corpus.stats)}
    found: dict[str, Any] = json.loads(json.dumps(facts))
    return found

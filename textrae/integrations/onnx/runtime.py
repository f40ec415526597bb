"""The files of onnxruntime-web, which compute graphs in a browser: from a folder, a cache, or once from npm's registry."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import tarfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

from textrae.errors import ConfigError, RunError, cannot_write
from textrae.runs.files import write_atomically

VERSION = "1.30.0"
"""Version that is downloaded, and that the site is tested with."""
FILES = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
"""Files of the package that a browser needs, 14 MB."""
URL = f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"
INTEGRITY = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
"""SHA-512 of the package, base64, as the registry has it."""
_LARGEST = 128 * 2**20
_SECONDS = 60.0


def cache() -> Path:
    """Return the folder that keeps what was downloaded."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "textrae" / f"onnxruntime-web-{VERSION}"


def runtime_files(folder: Path | None = None) -> dict[str, bytes]:
    """Return the files of onnxruntime-web by their names.

    Args:
        folder: the npm package or its folder `dist`; None for the version that the site is tested with, which is
            downloaded once.

    Raises:
        ConfigError: the folder does not hold them.
        RunError: they cannot be downloaded, are not what they should be, or cannot be kept.
    """
    if folder is None:
        place = cache()
        if not all((place / name).is_file() for name in FILES):
            _keep(unpacked(_downloaded(), INTEGRITY), place)
        return {name: (place / name).read_bytes() for name in FILES}
    for place in (folder, folder / "dist"):
        if all((place / name).is_file() for name in FILES):
            return {name: (place / name).read_bytes() for name in FILES}
    raise ConfigError(
        f"`runtime`: {folder} does not hold {' and '.join(FILES)}; give the folder `dist` of the npm package "
        f"onnxruntime-web, such as version {VERSION}"
    )


def _downloaded(url: str = URL, opening: Callable[..., io.BufferedIOBase] = urllib.request.urlopen) -> bytes:
    """Return the package from the registry."""
    try:
        with opening(url, timeout=_SECONDS) as answer:
            return answer.read(_LARGEST)
    except (OSError, ValueError) as error:
        raise RunError(
            f"{url}: cannot be downloaded ({error}); give the folder of the npm package onnxruntime-web as `runtime`"
        ) from None


def unpacked(package: bytes, integrity: str) -> dict[str, bytes]:
    """Return the files of a package that a browser needs.

    Args:
        package: a gzipped tar.
        integrity: its SHA-512, base64.

    Raises:
        RunError: it is another package.
    """
    found = base64.b64encode(hashlib.sha512(package).digest()).decode()
    if found != integrity:
        raise RunError(
            f"{URL}: is not what it should be (its SHA-512 differs); download it again, or give the folder as `runtime`"
        )
    out = {}
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as tar:
        for name in FILES:
            member = tar.extractfile(f"package/dist/{name}")
            assert member is not None
            out[name] = member.read(_LARGEST)
    return out


def _keep(files: dict[str, bytes], place: Path) -> None:
    """Write files into the cache."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_atomically(place / name, content)
    except OSError as error:
        raise RunError(cannot_write(place, error)) from None

"""Run the notebooks of `docs/notebooks/` again and keep what they show.

    python scripts/checks/notebooks.py
    python scripts/checks/notebooks.py docs/notebooks/first-model.ipynb --steps 3 --dry

Each runs from top to bottom in a fresh kernel of the Python that runs this script. All three take about ten minutes on two
cores. A notebook is written only when all of its cells have run; `--dry` writes nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""What a notebook says about itself, whoever ran it: no version and no path of this machine."""


class OwnKernel(AsyncKernelManager):  # type: ignore[misc]
    """A kernel of the Python that runs this script, whichever kernels are registered for the user."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """The command line that starts the kernel."""
        words = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
        return KernelSpec(argv=words, display_name="Python 3", language="python")


@contextmanager
def _environment(steps: int | None) -> Iterator[None]:
    """Set what kernels inherit: the budget, and folders that are thrown away for what Jupyter writes."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
            os.environ[name] = str(Path(folder) / name.lower())
        os.environ.pop("MPLBACKEND", None)
        if steps is not None:
            os.environ["TEXTRAE_STEPS"] = str(steps)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def run(path: Path, steps: int | None = None, seconds: int = 1_800) -> Any:
    """Run a notebook in its folder and return it with its outputs.

    Args:
        path: of the notebook.
        steps: of each training, instead of the notebook's own.
        seconds: that one cell may take.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell fails; the message has it and its traceback.
    """
    notebook = nbformat.read(path, as_version=4)
    with _environment(steps):
        client = NotebookClient(
            notebook,
            timeout=seconds,
            kernel_manager_class=OwnKernel,
            resources={"metadata": {"path": str(path.parent)}},
            coalesce_streams=True,
            record_timing=False,
        )
        client.execute()
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


def main() -> None:
    """Run the notebooks that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="all of docs/notebooks/ by default")
    parser.add_argument("--steps", type=int, help="steps of each training instead of the notebook's own")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    given = parser.parse_args()
    for path in given.notebooks or sorted(FOLDER.glob("*.ipynb")):
        done = run(path.resolve(), given.steps)
        if not given.dry:
            nbformat.write(done, path)
        print(f"{path.name}: {'ran' if given.dry else 'written'}")


if __name__ == "__main__":
    main()

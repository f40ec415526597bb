"""`python -m textrae` is the command `textrae`."""

from __future__ import annotations

import sys

try:
    from textrae_cli import app
except ModuleNotFoundError as error:  # a checkout, or a folder of it, that another Python looks into
    sys.exit(
        f"error: this Python, {sys.executable}, has no {error.name}; set textrae up with `make install` and type "
        "`.venv/bin/textrae`, or activate the environment that it is installed in"
    )

if __name__ == "__main__":
    app()

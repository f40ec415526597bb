"""`python -m textrae` is the command `textrae`."""

from __future__ import annotations

from textrae_cli import app

if __name__ == "__main__":
    app()

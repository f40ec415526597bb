"""Take a picture of a page as a browser shows it, by headless Chromium.

python scripts/checks/screenshot.py report.html report.png --width 400 --height 2000 --dark
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

SECONDS = 120
"""Seconds that the browser may take."""


def main() -> None:
    """Take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("picture", type=Path, help="a .png")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=1600)
    parser.add_argument("--dark", action="store_true", help="as on a system that is set to a dark ground")
    chosen = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chosen.page.is_file():
        parser.error(f"{chosen.page}: no such page")
    if browser is None:
        parser.error("needs Chromium; install it with: apt-get install chromium")
    take(browser, chosen.page, chosen.picture, (chosen.width, chosen.height), dark=chosen.dark)


def take(browser: str, page: Path, picture: Path, size: tuple[int, int], *, dark: bool = False) -> None:
    """Have a browser write the picture of a page.

    Args:
        browser: its command.
        page: file of the page.
        picture: file to be made.
        size: width and height in pixels. A window is 500 wide at least, so a narrower page is shown in a frame.
        dark: whether the page is asked for its dark colours.
    """
    with tempfile.TemporaryDirectory() as folder:
        shown = page.resolve()
        if size[0] < 500:
            frame = f'<iframe src="{shown.as_uri()}" width="{size[0]}" height="{size[1]}" style="border:0">'
            shown = Path(folder, "frame.html")
            shown.write_text(f'<body style="margin:0">{frame}</iframe></body>', encoding="utf-8")
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}",
                f"--window-size={size[0]},{size[1]}", f"--screenshot={picture.resolve()}",
                *(["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []),
                shown.as_uri(),
            ],
            check=True, timeout=SECONDS, capture_output=True,
        )  # fmt: skip


if __name__ == "__main__":
    main()

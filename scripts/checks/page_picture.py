"""Make the picture of the page that the README shows, in a headless Chromium; or pictures of all views, to look at.

    python scripts/checks/page_picture.py RUN FILE -o docs/page.png
    python scripts/checks/page_picture.py RUN FILE --all FOLDER

FILE has sentences of the run's kind, one a line; up to 2,000 of them are placed on the map. It needs playwright (`.[dev]`) and
Debian's chromium.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[1] / "speed"))
from serve import started

WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 400, "height": 800}


def settled(page: Any) -> None:
    """Wait until nothing is computed or drawn any more."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(600)


def map_picture(browser: Any, url: str, out: Path) -> None:
    """Take the picture of a map with a walk between its first and its last sentence."""
    page = browser.new_page(viewport={"width": 1000, "height": 640}, color_scheme="light")
    page.goto(f"{url}/#{urlencode({'view': 'map', 'ends': '3,1200', 'find': 'mother'})}")
    page.wait_for_selector("#map-walk li:nth-child(2)")
    settled(page)
    end = page.locator("#map-walk").bounding_box()
    page.screenshot(
        path=out, full_page=True, clip={"x": 0, "y": 0, "width": 1000, "height": end["y"] + end["height"] + 8}
    )
    page.close()


def all_pictures(browser: Any, url: str, sentences: list[str], folder: Path) -> None:
    """Take pictures of all views: wide and narrow, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    half = len(sentences) // 2
    fields = {
        "rebuild": {"text": "\n".join([*sentences[:2], "zebras play the trumpet under water"])},
        "walk": {"a": sentences[0], "b": sentences[half], "t": "0.5"},
        "sample": {},
        "map": {"find": "the", "ends": f"0,{half}"},
        "direction": {
            "from": "\n".join(sentences[:5]),
            "to": "\n".join(sentences[half : half + 5]),
            "moved": sentences[7],
        },
    }
    for name, size in (("wide", WIDE), ("narrow", NARROW)):
        for scheme in ("light", "dark"):
            for view, given in fields.items():
                page = browser.new_page(viewport=size, color_scheme=scheme)
                page.goto(f"{url}/#{urlencode({'view': view, **given})}")
                settled(page)
                page.screenshot(path=folder / f"{view}-{name}-{scheme}.png", full_page=True)
                page.close()


def main() -> None:
    """Start the service and take the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("file")
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--all", type=Path)
    args = parser.parse_args()
    from playwright.sync_api import sync_playwright

    sentences = Path(args.file).read_text(encoding="utf-8").removesuffix("\n").split("\n")[:2_000]
    with tempfile.TemporaryDirectory() as folder:
        text, index = Path(folder) / "text.txt", Path(folder) / "sentences"
        text.write_text("\n".join(sentences) + "\n", encoding="utf-8")
        command = str(Path(sys.executable).with_name("textrae"))
        subprocess.run([command, "index", args.run, text, "-o", index], check=True)
        with started(args.run, "--index", index) as (host, port, _), sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            if args.out is not None:
                map_picture(browser, f"http://{host}:{port}", args.out)
            if args.all is not None:
                all_pictures(browser, f"http://{host}:{port}", sentences, args.all)
            browser.close()


if __name__ == "__main__":
    main()

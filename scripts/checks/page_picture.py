"""Make the picture of the page that the README shows, in a headless Chromium; or pictures of all views, to look at.

    python scripts/checks/page_picture.py RUN FILE -o docs/page.png
    python scripts/checks/page_picture.py RUN FILE --all FOLDER
    python scripts/checks/page_picture.py RUN FILE --axe node_modules/axe-core/axe.min.js

FILE has sentences of the run's kind, one a line; up to 2,000 of them are placed on the map. It needs playwright (`.[dev]`) and
Debian's chromium. `--axe` prints what axe-core (`npm install axe-core`) finds that people with disabilities cannot use, and
exits with 1 if it finds something.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
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


def map_picture(browser: Any, url: str, ends: str, out: Path) -> None:
    """Take the picture of a map with a walk between two of its sentences."""
    page = browser.new_page(viewport={"width": 1000, "height": 640}, color_scheme="light")
    page.goto(f"{url}/#{urlencode({'view': 'map', 'ends': ends, 'find': 'mother'})}")
    page.wait_for_selector("#map-walk li:nth-child(2)")
    settled(page)
    end = page.locator("#map-walk").bounding_box()
    page.screenshot(
        path=out, full_page=True, clip={"x": 0, "y": 0, "width": 1000, "height": end["y"] + end["height"] + 8}
    )
    page.close()


def views(sentences: list[str]) -> dict[str, str]:
    """Return the addresses of all views, and of the reference, by their names; what is chosen in them is in the address."""
    half = len(sentences) // 2
    kinds = {
        "from": "\n".join(sentences[:5]),
        "to": "\n".join(sentences[half : half + 5]),
        "moved": sentences[7],
    }
    fields = {
        "rebuild": {"text": "\n".join([*sentences[:2], "zebras play the trumpet under water"])},
        "walk": {"a": sentences[0], "b": sentences[half], "t": "0.5"},
        "sample": {},
        "map": {"find": "the", "ends": f"0,{half}"},
        "direction": kinds,
        "direction-least": {**kinds, "far": "least"},
        "translate": {"foreign": "\n".join(sentences[:2]), "best": "2"},
    }
    hashes = {name: urlencode({"view": name.split("-")[0], **given}) for name, given in fields.items()}
    return {name: f"#{one}" for name, one in hashes.items()} | {"reference": "docs"}


def every_page(browser: Any, url: str, sentences: list[str], **options: Any) -> Iterator[tuple[str, Any]]:
    """Yield each view with its name, wide and narrow, light and dark; views that the run has not are left out."""
    for name, size in (("wide", WIDE), ("narrow", NARROW)):
        for scheme in ("light", "dark"):
            for view, place in views(sentences).items():
                page = browser.new_page(viewport=size, color_scheme=scheme, **options)
                page.goto(f"{url}/{place}")
                settled(page)
                if view == "reference" or page.is_visible(f"#{view.split('-')[0]}"):
                    yield f"{view}-{name}-{scheme}", page
                page.close()


def all_pictures(browser: Any, url: str, sentences: list[str], folder: Path) -> None:
    """Take pictures of all views."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in every_page(browser, url, sentences):
        page.screenshot(path=folder / f"{name}.png", full_page=True)


def accessible(browser: Any, url: str, sentences: list[str], axe: Path) -> int:
    """Print what axe finds on all views; return how many rules are broken."""
    found, code = 0, axe.read_text(encoding="utf-8")
    # the page lets no other script in, so its own rule about that is set aside
    for name, page in every_page(browser, url, sentences, bypass_csp=True):
        page.evaluate(code)
        done = page.evaluate("axe.run()")
        for kind in ("violations", "incomplete"):
            for rule in done[kind]:
                places = ", ".join(" ".join(map(str, node["target"])) for node in rule["nodes"][:3])
                print(f"{name}: {kind}: {rule['id']}: {rule['help']}: {places}")
        found += len(done["violations"])
        print(f"{name}: {len(done['violations'])} of {len(done['violations'] + done['passes'])} rules broken")
    return found


def main() -> int:
    """Start the service, take the pictures, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run")
    parser.add_argument("file")
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument(
        "--ends", default="3,1200", help="numbers of the two sentences between which the picture walks"
    )
    parser.add_argument("--all", type=Path)
    parser.add_argument("--axe", type=Path)
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
                map_picture(browser, f"http://{host}:{port}", args.ends, args.out)
            if args.all is not None:
                all_pictures(browser, f"http://{host}:{port}", sentences, args.all)
            found = 0
            if args.axe is not None:
                found = accessible(browser, f"http://{host}:{port}", sentences, args.axe)
            browser.close()
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())

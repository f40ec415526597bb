"""List what the pages of a built site would load from elsewhere: scripts, styles, pictures, frames. There should be nothing.

    python scripts/checks/outside_loads.py site

Links that a reader may follow are no loads. It exits with 1 where there is a load, or no page.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

LOADING = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "iframe": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
}
"""Elements that load something, and the attributes that name it."""
QUIET = {"canonical", "prev", "next", "alternate", "license", "author"}
"""Relations of a `link` that load nothing."""
ELSEWHERE = re.compile(r"(?:^|[\s,])(?:https?:)?//", re.IGNORECASE)
IN_STYLES = re.compile(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")\s]+)", re.IGNORECASE)


class Loads(HTMLParser):
    """What a page loads from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.styles = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element loads, and diagrams that a script would load mermaid for."""
        given = {name: value or "" for name, value in attrs}
        self.styles = tag == "style"
        if tag == "link" and QUIET & set(given.get("rel", "").lower().split()):
            return
        for name in LOADING.get(tag, ()):
            if ELSEWHERE.search(given.get(name, "")):
                self.found.append(f"<{tag} {name}={given[name]}>")
        self.found += IN_STYLES.findall(given.get("style", ""))
        if "mermaid" in given.get("class", "").split():
            self.found.append("a diagram of mermaid, which the theme loads from unpkg.com")

    def handle_data(self, data: str) -> None:
        """Note what styles in the page load."""
        if self.styles:
            self.found += IN_STYLES.findall(data)

    def handle_endtag(self, tag: str) -> None:
        """End a block of styles."""
        self.styles = False


def loads(folder: Path) -> Iterator[str]:
    """Yield what the pages, styles and drawings of a site load from elsewhere, each after its file."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".html", ".svg"):
            page = Loads()
            page.feed(path.read_text(encoding="utf-8"))
            found = page.found
        elif path.suffix == ".css":
            found = IN_STYLES.findall(path.read_text(encoding="utf-8"))
        else:
            continue
        yield from (f"{path.relative_to(folder)}: {one}" for one in found)


def main() -> None:
    """Print what is loaded, and exit with 1 where there is any."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path, help="folder of the built site")
    options = parser.parse_args()
    if not any(options.site.rglob("*.html")):
        sys.exit(f"{options.site}: no page here; build the site with `make docs`")
    found = list(loads(options.site))
    if found:
        sys.exit("\n".join([*found, f"{len(found)} loads from elsewhere"]))
    print("nothing is loaded from elsewhere")


if __name__ == "__main__":
    main()

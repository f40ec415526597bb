"""What mkdocs does beside its own: pages from outside docs/, notebooks, equations as MathML, anchors as on GitHub.

mkdocs calls the functions whose names begin with `on_`; `mkdocs.yml` names this file.
"""

from __future__ import annotations

import html
import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = {
    "README.md": "project/readme.md",
    "CHANGELOG.md": "project/changes.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "data/README.md": "project/corpus.md",
    "README.zh-CN.md": "project/readme.zh-CN.md",
    "SECURITY.md": "project/security.md",
}
"""Files of the top folder that the site shows, and the names of their pages."""
COPIED = {"LICENSE": "project/LICENSE.txt", "CITATION.cff": "project/CITATION.cff"}
"""Files of the top folder that pages link to, and the names of their copies."""
CODE = re.compile(r"(^(?P<fence>`{3,}|~{3,}).*?^(?P=fence)[^\S\n]*$|`+[^`\n]+`+)", re.MULTILINE | re.DOTALL)
"""Code of a page in Markdown, in which nothing is a link."""
LINK = re.compile(r"(?P<head>\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?(?P<tail>\))")
ATTRIBUTE = re.compile(
    r'(?P<head><[^>]*\b(?:src|srcset|href)=")(?P<target>[^"\s#]+)(?P<anchor>#[^"]*)?(?P<tail>")'
)
MATHS = re.compile(r'<(span|div) class="arithmatex">(.*?)</\1>', re.DOTALL)
ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):(?=<code>)")
"""Roles of Sphinx, which docstrings have before names."""
LONGEST_OUTPUT = 20_000
"""Characters of an output of a notebook that are shown."""


def notebooks() -> list[Path]:
    """Return the notebooks of the docs, in the order of their names."""
    return sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def on_config(config: Any) -> Any:
    """Take GitHub's anchors, and put into the navigation what may or may not be there."""
    config.mdx_configs["toc"]["slugify"] = anchor
    sections = {name: pages for section in config.nav for name, pages in section.items()}
    found = [{_title(path): f"notebooks/{path.stem}.md"} for path in notebooks()]
    if found:
        sections["Start"].append({"Notebooks": found})
    return config


def anchor(heading: str, separator: str = "-") -> str:
    """Return the anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", separator)


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that docs/ does not hold, and those of notebooks."""
    from mkdocs.structure.files import File

    for path, name in (OUTSIDE | COPIED).items():
        files.append(File.generated(config, name, content=(ROOT / path).read_text(encoding="utf-8")))
    for path in notebooks():
        text = as_markdown(json.loads(path.read_text(encoding="utf-8")), path.name)
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Let links lead to pages of the site, also those that leave docs/."""
    return relinked(markdown, page.file.src_uri)


def on_page_content(content: str, page: Any, config: Any, files: Any) -> str:
    """Turn equations into MathML, which browsers show by themselves, and take the roles out of docstrings."""
    return MATHS.sub(lambda found: as_mathml(found[2]), ROLE.sub("", content))


def relinked(markdown: str, name: str) -> str:
    """Return the text of the page `name` with its links as the site has them; code stays as it is."""
    parts, at = [], 0
    for code in CODE.finditer(markdown):
        parts += [_relinked(markdown[at : code.start()], name), code[0]]
        at = code.end()
    return "".join([*parts, _relinked(markdown[at:], name)])


def _relinked(text: str, name: str) -> str:
    """Return prose with its links as the site has them."""
    origin = {page: path for path, page in OUTSIDE.items()}.get(name, f"docs/{name}")

    def new(found: re.Match[str]) -> str:
        target = found["target"]
        if ":" in target:
            return found[0]
        to = page_of(posixpath.normpath(posixpath.join(posixpath.dirname(origin), target)))
        relative = posixpath.relpath(to, posixpath.dirname(name) or ".")
        return f"{found['head']}{relative}{found['anchor'] or ''}{found['tail']}"

    def written(found: re.Match[str]) -> str:
        # mkdocs follows links of Markdown to its pages, and leaves HTML as it is
        return re.sub(r"\.md([#\"])", r".html\1", new(found))

    return ATTRIBUTE.sub(written, LINK.sub(new, text))


def page_of(path: str) -> str:
    """Return the name in the site of a file that is named by its path from the top folder.

    Raises:
        ValueError: the site has no such file.
    """
    known = OUTSIDE | COPIED
    if path in known:
        return known[path]
    if path.startswith("docs/"):
        inside = path.removeprefix("docs/")
        return f"{inside.removesuffix('.ipynb')}.md" if inside.endswith(".ipynb") else inside
    raise ValueError(f"the site has no page for {path}: name it in {Path(__file__).name}, or link to another")


def as_mathml(text: str) -> str:
    r"""Return MathML for what arithmatex marks: `\(…\)` in a line, `\[…\]` by itself."""
    from latex2mathml.converter import convert

    text = html.unescape(text).strip()
    display = "block" if text.startswith(r"\[") else "inline"
    made: str = convert(text[2:-2].strip(), display=display)
    return f'<div style="margin: 1.2em 0; overflow-x: auto">{made}</div>' if display == "block" else made


def as_markdown(notebook: dict[str, Any], name: str) -> str:
    """Return a notebook as a page: its cells, and their outputs as they were saved."""
    parts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif cell["cell_type"] == "code" and source.strip():
            parts += [f"```python\n{source}\n```", *_outputs(cell.get("outputs", []))]
    head, _, rest = "\n\n".join(parts).partition("\n")
    return f"{head}\n\n<p><a download href='{name}'>Download this notebook</a></p>\n{rest}\n"


def _outputs(outputs: list[dict[str, Any]]) -> Iterator[str]:
    """Yield outputs of a cell, as Markdown: pictures, Markdown, else texts as a terminal would show them."""
    for output in outputs:
        data = output.get("data", {})
        if "image/svg+xml" in data:
            yield f"<div>{''.join(data['image/svg+xml'])}</div>"
        elif "image/png" in data:
            yield f'<img alt="output of the cell above" src="data:image/png;base64,{"".join(data["image/png"]).strip()}">'
        elif "text/markdown" in data:
            yield "".join(data["text/markdown"])
        else:
            text = "".join(output.get("text") or data.get("text/plain") or output.get("traceback") or "")
            text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
            if text.strip():
                yield f"```text\n{text[:LONGEST_OUTPUT].rstrip()}\n```"


def _title(path: Path) -> str:
    """Return the first heading of a notebook, or its name."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = re.search(r"^# (.+)$", "\n".join("".join(cell["source"]) for cell in cells), re.MULTILINE)
    return found[1] if found else path.stem

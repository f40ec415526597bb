"""A report as one page of HTML that loads nothing: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence

from textrae.pictures.axes import WIDTH
from textrae.pictures.canvas import DARK, LIGHT
from textrae.pictures.svg import INLINE, plain, to_svg
from textrae.report.blocks import Block, Changed, Code, Drawn, Listed, Rebuilt, Report, Said, Section, Table
from textrae.report.differences import LONGEST, differences
from textrae.version import __version__

FOOTER = f"Made by `textrae report` {__version__}."
"""Last line of a page."""
_TAGS = {"lost": "del", "new": "ins"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What the page may load: nothing; and no script of whatever origin runs in it."""
_LARGER = 1.4
"""How much larger than laid out a picture may be."""
_STYLE = """
:root{color-scheme:light dark;LIGHT}
@media (prefers-color-scheme:dark){:root{DARK}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif}
main,header,nav{max-width:1120px;margin:0 auto;padding:0 16px}
h1{font-size:1.7rem;line-height:1.2;margin:1.2em 0 .3em;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2em 0 .5em;border-top:1px solid var(--grid);padding-top:.8em}
nav ul{display:flex;flex-wrap:wrap;gap:.3em 1.2em;list-style:none;padding:0;margin:.6em 0}
a{color:var(--series0)}
p,li,td{overflow-wrap:anywhere}
th{overflow-wrap:break-word}
p{max-width:75ch}
pre,code{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.9em}
pre{background:color-mix(in srgb,var(--grid) 35%,transparent);padding:.7em .9em;border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.92rem}
th,td{padding:.28em .8em .28em 0;text-align:right;vertical-align:top;border-bottom:1px solid var(--grid)}
th:first-child,table.facts td,table.texts td,table.texts th{text-align:left}
td,thead th{white-space:nowrap}
table.facts td,table.texts td{white-space:normal}
table.texts tbody th{font-weight:400}
thead th{font-weight:600;color:var(--faint)}
table.facts th{font-weight:400;color:var(--faint);white-space:nowrap}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:8px 32px;align-items:start}
figure{margin:.6em 0;min-width:0}
figure svg{display:block;width:100%;height:auto}
figcaption{color:var(--faint);font-size:.9rem;max-width:62ch}
dl.rebuilt{margin:0}
dl.rebuilt>div{padding:.45em 0;border-bottom:1px solid var(--grid)}
dt{color:var(--faint)}
dd{margin:0}
dd .same{color:var(--series2);font-size:.85rem}
dd .who{color:var(--faint);font-size:.85rem;margin-right:.6em}
del{color:var(--series1);text-decoration:line-through}
ins{color:var(--series2);text-decoration:underline;text-underline-offset:3px}
footer{max-width:1120px;margin:2.5em auto 1.5em;padding:0 16px;color:var(--faint);font-size:.9rem}
@media print{nav{display:none}}
"""


def page(report: Report, footer: str) -> str:
    """Write a report as HTML; every text of it is escaped.

    Args:
        report: what is shown.
        footer: a line at its end.
    """
    links = "".join(
        f'<li><a href="#part{number}">{plain(section.title)}</a></li>'
        for number, section in enumerate(report.sections)
    )
    sections = "".join(_section(number, section) for number, section in enumerate(report.sections))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{plain(report.title)}</title>\n<style>{_style()}</style>\n</head>\n<body>\n"
        f"<header><h1>{plain(report.title)}</h1><p>{_marked(report.lead)}</p></header>\n"
        f'<nav aria-label="Parts of this page"><ul>{links}</ul></nav>\n<main>\n{sections}</main>\n'
        f"<footer>{_marked(footer)}</footer>\n</body>\n</html>\n"
    )


def _style() -> str:
    light, dark = (
        "".join(f"--{role}:{value};" for role, value in colours.items()) for colours in (LIGHT, DARK)
    )
    return _STYLE.replace("LIGHT", light).replace("DARK", dark)


def _section(number: int, section: Section) -> str:
    parts, drawn = list[str](), list[str]()
    for block in section.blocks:
        if isinstance(block, Drawn):
            drawn.append(_figure(block))
            continue
        parts += _pictures(drawn)
        drawn = []
        parts.append(_block(block))
    parts += _pictures(drawn)
    return f'<section id="part{number}"><h2>{plain(section.title)}</h2>\n{"".join(parts)}</section>\n'


def _pictures(drawn: Sequence[str]) -> list[str]:
    return [f'<div class="pictures">{"".join(drawn)}</div>\n'] if drawn else []


def _figure(block: Drawn) -> str:
    svg = to_svg(block.canvas, INLINE, inline=True)
    least = f"min-width:{block.canvas.width:.0f}px;" if block.canvas.width > WIDTH else ""
    svg = svg.replace("<svg ", f'<svg style="{least}max-width:{_LARGER * block.canvas.width:.0f}px" ', 1)
    if least:  # one that would be too small to read is moved sideways instead
        svg = f'<div class="scroll" tabindex="0">{svg}</div>'
    return f"<figure>{svg}<figcaption>{_marked(block.caption)}</figcaption></figure>"


def _block(block: Block) -> str:
    if isinstance(block, Said):
        return f"<p>{_marked(block.text)}</p>\n"
    if isinstance(block, Code):
        return f"<pre>{plain(block.text)}</pre>\n"
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Rebuilt):
        return f'<dl class="rebuilt">{"".join(map(_changed, block.rows))}</dl>\n'
    assert isinstance(block, Listed)
    tag = "ol" if block.ordered else "ul"
    lines = "".join(f'<li dir="auto">{plain(one[:LONGEST])}</li>' for one in block.sentences)
    return f"<{tag}>{lines}</{tag}>\n"


def _table(block: Table) -> str:
    names = "".join(f'<th scope="col">{plain(one)}</th>' for one in block.head)
    rows = "".join(_row(row) for row in block.rows)
    head = f"<thead><tr>{names}</tr></thead>" if block.head else ""
    kind = "" if not block.texts and block.head else f' class="{"texts" if block.head else "facts"}"'
    return f'<div class="scroll" tabindex="0"><table{kind}>{head}<tbody>{rows}</tbody></table></div>\n'


def _row(row: Sequence[str]) -> str:
    cells = "".join(f"<td>{plain(cell)}</td>" for cell in row[1:])
    return f'<tr><th scope="row">{plain(row[0])}</th>{cells}</tr>'


def _changed(row: Changed) -> str:
    given = row.given[:LONGEST]
    came = "".join(
        f'<dd dir="auto">{_who(who)}{_compared(given, text[:LONGEST])}</dd>' for who, text in row.became
    )
    return f'<div><dt dir="auto">{plain(given)}</dt>{came}</div>'


def _who(name: str) -> str:
    return f'<span class="who">{plain(name)}</span>' if name else ""


def _compared(given: str, became: str) -> str:
    if given == became:
        return '<span class="same">✓ to the letter</span>'
    return "".join(
        plain(text) if kind == "same" else f"<{_TAGS[kind]}>{plain(text)}</{_TAGS[kind]}>"
        for kind, text in differences(given, became)
    )


def _marked(text: str) -> str:
    """Escape a text, and write what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", plain(text))

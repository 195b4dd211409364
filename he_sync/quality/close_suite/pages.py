"""The published pages: the library's own, without what they would fetch from elsewhere, behind one index of ours.

As the library writes them, its pages load scripts, styles and a tracked picture from seven hosts: figures of a close
would be shown by code that others can change, and each look told to others. Pages here need nothing but themselves.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from he_sync.quality.close_suite.rules import Met

STYLE = "close.css"
INDEX, RESULT = "index.html", "expectations.json"
SCRIPTS = re.compile(r"<script\b.*?</script>", re.DOTALL | re.IGNORECASE)
REMOTE = re.compile(r"<(?:link|img)\b[^>]*(?:href|src)=\"(?:https?:)?//[^>]*>", re.DOTALL | re.IGNORECASE)
ELSEWHERE = re.compile(r"<a\b[^>]*href=\"(?:https?:)?//[^>]*>.*?</a>", re.DOTALL | re.IGNORECASE)
FOOTER = re.compile(r"<footer>.*?</footer>", re.DOTALL | re.IGNORECASE)
HANDLERS = re.compile(r"\son[a-z]+=\"[^\"]*\"", re.IGNORECASE)
SHEET = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 78rem; padding: 1rem; }
table { border-collapse: collapse; margin: .5rem 0; width: 100%; }
td, th { border-top: 1px solid #8885; padding: .35rem .5rem; text-align: left; vertical-align: top; }
th { border-top: 0; }
h1, h2, h4, h5, h6 { margin: .8rem 0 .3rem; }
.collapse { display: block; }
.alert { background: #8882; border-radius: .3rem; padding: .5rem .8rem; }
.text-success, .met { color: #1b7f4b; }
.text-danger, .broken { color: #c2410c; }
.fa-check-circle::before { content: "met "; }
.fa-times::before { content: "not met "; }
.badge { border: 1px solid #8885; border-radius: .3rem; padding: 0 .3rem; }
nav ul, .breadcrumb { list-style: none; padding: 0; }
.breadcrumb li { display: inline; margin-right: .8rem; }
.navbar-brand, .cooltip .top, .sticky > .card:first-of-type, [data-toggle="collapse"] { display: none; }
"""


def publish(out: Path, day: str, found: Sequence[Met]) -> None:
    """Clean the library's pages in a folder, and add the index, the style and the result as JSON."""
    shutil.rmtree(out / "static", ignore_errors=True)
    for page in out.rglob("*.html"):
        page.write_text(clean(page.read_text(encoding="utf-8"), _up(page, out)), encoding="utf-8")
    (out / STYLE).write_text(SHEET, encoding="utf-8")
    told = {"date": day, "expectations": [asdict(one) for one in found]}
    (out / RESULT).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (out / INDEX).write_text(_index(out, day, found), encoding="utf-8")


def _up(page: Path, out: Path) -> str:
    return "../" * (len(page.relative_to(out).parts) - 1)


def clean(text: str, up: str) -> str:
    """A page without scripts, handlers and what stands on other hosts, with our style; `up` leads to its folder."""
    for pattern in (SCRIPTS, REMOTE, ELSEWHERE, FOOTER, HANDLERS):
        text = pattern.sub("", text)
    return text.replace("</head>", f'<link rel="stylesheet" href="{up}{STYLE}"></head>', 1)


def _index(out: Path, day: str, found: Sequence[Met]) -> str:
    """One line a table, what is not met below it, and the way to the library's page of it."""
    tables = list(dict.fromkeys(one.table for one in found))
    broken = [one for one in found if not one.success]
    told = f"{len(broken)} of {len(found)} expectations are not met" if broken else f"all {len(found)} are met"
    rows = "".join(_line(out, name, [one for one in found if one.table == name]) for name in tables)
    cases = "".join(
        f'<tr><td>{escape(one.table)}<td>{escape(one.column)}<td class="broken">{escape(_words(one.kind))}'
        f"<td>{one.broken or ''}<td>{escape(', '.join(one.examples))}<td>{escape(one.why)}"
        for one in broken
    )
    listed = "<table><tr><th>table<th>columns<th>expected<th>rows<th>such as<th>because" + cases + "</table>"
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="UTF-8"><title>Close of {day}</title>'
        f'<link rel="stylesheet" href="{STYLE}"></head><body><h1>Close of {day}: {told}</h1>'
        f"<table><tr><th>table<th>expectations<th>met<th>result{rows}</table>"
        f"{'<h2>Not met</h2>' + listed if broken else ''}</body></html>\n"
    )


def _words(kind: str) -> str:
    return kind.removeprefix("expect_").replace("_", " ")


def _line(out: Path, name: str, mine: Sequence[Met]) -> str:
    met = sum(one.success for one in mine)
    page = next((out / "validations" / name).rglob("*.html"), None)
    link = f'<a href="{page.relative_to(out).as_posix()}">{escape(name)}</a>' if page else escape(name)
    word = "met" if met == len(mine) else "broken"
    return f'<tr><td>{link}<td>{len(mine)}<td>{met}<td class="{word}">{"met" if word == "met" else "not met"}'

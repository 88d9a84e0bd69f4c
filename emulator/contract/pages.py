"""Pages: HTML made of templates that escape what is put into them, so that text from a file never becomes markup.

What:    ``render`` fills a template, ``table`` and ``figure`` make the pieces all pages share.
Source:  jinja2 with autoescape; only ``Markup`` passes unescaped, and only literal text of ours is turned into it.
Use:     ``render(Path("report.html"), title=scenario.title, numbers=table(head, rows))``
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

TABLE = """<div class="scroll"><table><thead><tr>
{%- for c in head %}<th{% if loop.index0 in text %} class="text"{% endif %}>{{ c }}</th>{% endfor %}</tr></thead><tbody>
{%- for row in rows %}<tr>
{%- for c in row %}<td{% if loop.index0 in text %} class="text"{% endif %}>{{ c }}</td>{% endfor %}</tr>
{%- endfor %}</tbody></table></div>"""
FIGURE = '<figure><img alt="{{ caption }}" src="data:image/png;base64,{{ data }}"><figcaption>{{ caption }}</figcaption></figure>'


@cache
def _environment() -> Environment:
    """Autoescape for every template, and an error for a name that was not given."""
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def fill(template: str, **values: Any) -> Markup:
    """A template's text with values; what is no Markup is escaped. Raises jinja2.UndefinedError for a value that lacks."""
    return Markup(_environment().from_string(template).render(**values))


def render(template: Path, **values: Any) -> str:
    """A template file with values, as ``fill``."""
    return str(fill(template.read_text(encoding="utf-8"), **values))


def table(head: Sequence[Any], rows: Sequence[Sequence[Any]], text: tuple[int, ...] = ()) -> Markup:
    """An HTML table in its own scroll box; columns in ``text`` hold prose."""
    return fill(TABLE, head=head, rows=rows, text=text)


def figure(path: Path, caption: str) -> Markup:
    """A PNG inside the page."""
    return fill(FIGURE, caption=caption, data=base64.b64encode(path.read_bytes()).decode())


def prose(text: str) -> Markup:
    """A paragraph of plain text."""
    return fill("<p>{{ text }}</p>", text=text)


def joined(parts: Sequence[Markup], css: str) -> Markup:
    """Pieces in one box of a class of the page's style."""
    return fill('<div class="{{ css }}">{% for p in parts %}{{ p }}{% endfor %}</div>', parts=parts, css=css)

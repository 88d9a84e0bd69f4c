"""Code blocks of a page, put where the page says they belong in a host, so that a compiler can judge them.

What:    a block is cut at its headings, the comment lines that begin with a name of a place; a skeleton holds the names of the
         host around ``page: PLACE`` comments. Every line of code of the page has to find its place.
Use:     ``source = filled(skeleton.read_text(), blocks(page.read_text(), "fortran"))``
"""

from __future__ import annotations


def blocks(page: str, language: str) -> list[str]:
    """Contents of the fenced blocks of a language, in the order of the page."""
    found: list[list[str]] = []
    inside = False
    for line in page.splitlines():
        if line.startswith("```"):
            inside = line == f"```{language}"
            if inside:
                found.append([])
        elif inside:
            found[-1].append(line)
    assert found, f"the page has no block of {language}"
    return ["\n".join(lines) + "\n" for lines in found]


def heading_of(line: str) -> str | None:
    """Text of a comment that stands alone at the start of a line."""
    for mark in ("! ", "/* "):
        if line.startswith(mark):
            return line.removeprefix(mark).removesuffix(" */")
    return None


def filled(skeleton: str, code: list[str]) -> str:
    """The skeleton with each ``page: PLACE`` comment replaced by the lines below the headings that begin with PLACE.

    Raises:  AssertionError for a place without code and for code under a heading that the skeleton has no place for.
    """
    places = [line.split("page: ")[1].removesuffix(" */").strip() for line in skeleton.splitlines() if "page: " in line]
    found: dict[str, list[str]] = {place: [] for place in places}
    for block in code:
        place = places[0]  # what stands above the first heading
        for line in block.splitlines():
            heading = heading_of(line)
            if heading is not None:
                place = next((p for p in places if heading.startswith(p)), heading)
            elif line.strip():
                assert place in found, f"the skeleton has no place for the lines under '{place}'"
                found[place].append(line)
    empty = [place for place, lines in found.items() if not lines]
    assert not empty, f"the page has no code for {empty}"
    text = []
    for line in skeleton.splitlines():
        place = line.split("page: ")[1].removesuffix(" */").strip() if "page: " in line else ""
        text += found[place] if place else [line]
    return "\n".join(text) + "\n"

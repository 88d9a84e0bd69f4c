"""The text of a table: separator, header and encoding, and which sign is the decimal one.

What:    ``read_table`` gives every cell as text; ``numbers`` turns columns into numbers once the decimal sign is known.
Shapes:  a pandas DataFrame of str, one row a line of the file, indexed by the number of that line.
Source:  RFC 4180; SI Brochure 9, 5.4.4 (point or comma as decimal sign, digits grouped by spaces); spreadsheets of European
         locales write ``;`` between fields and a decimal comma. A table in which ``1,000`` could be one or a thousand is refused.
Use:     ``frame = read_table(path); sign = decimal_sign([frame["lat"], frame["caco3"]], coordinates=1, path=path)``
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import CalcisolError

SEPARATORS = "\t;|,"
EMPTY = {
    "",
    ":",
    "-",
    "–",
    ".",
    "..",
    "...",
    "na",
    "n/a",
    "n.a.",
    "#n/a",
    "nan",
    "null",
    "none",
    "nd",
    "n.d.",
    "missing",
    "nodata",
}
NUMBER = re.compile(r"[+-]?(\d[\d.,]*|[.,]\d+)([eE][+-]?\d+)?")
SPACES = re.compile(r"(?<=\d)[\s\u00a0\u202f\u2009'’](?=\d{3}(\D|$))")  # between groups of three digits
SEP = re.compile(r'"?sep=(.)"?')  # as spreadsheets leave it in the first line
LARGEST_COORDINATE = 360.0


class TableError(CalcisolError):
    """A table cannot be used; the text says which column or row, and how to fix it."""


def _text(path: Path) -> str:
    if not path.is_file():
        raise TableError(f"table {path} does not exist; give the path of a CSV file")
    raw = path.read_bytes()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):  # "Unicode text" of a spreadsheet
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _separator(head: str) -> str:
    """The sign that parts most fields of the header, outside quotes."""
    bare = re.sub(r'"[^"]*"', "", head)
    counts = {s: bare.count(s) for s in SEPARATORS}
    if counts["\t"]:  # the keys of Eurostat stand in one field, with commas between them
        return "\t"
    return max(SEPARATORS[1:], key=lambda s: counts[s]) if any(counts.values()) else ","


def read_table(path: Path) -> pd.DataFrame:
    """Every cell of a CSV or TSV file with a header, as text without blanks around it. Raises TableError."""
    text = _text(path).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    lines = text.split("\n")
    skipped = 0
    while skipped < len(lines) and (
        not lines[skipped].strip() or lines[skipped].startswith("#") or SEP.fullmatch(lines[skipped].strip())
    ):
        skipped += 1
    lines = lines[skipped:]
    rows, numbered = [], []
    try:  # pandas would fill a short row and take the first column of long ones for an index, without a word
        reader = csv.reader(lines, delimiter=_separator(lines[0] if lines else ""), strict=True, skipinitialspace=True)
        for row in reader:
            if any(map(str.strip, row)):
                rows.append([x.strip() for x in row])
                numbered.append(skipped + reader.line_num)
    except csv.Error as error:
        raise TableError(f"table {path.name} is no CSV or TSV file ({error}); export it again") from None
    if len(rows) < 2:
        raise TableError(f"table {path.name} holds no rows; export it again")
    head = rows[0]
    twice = next((n for i, n in enumerate(head) if n and n in head[:i]), None)
    if twice:
        raise TableError(f"table {path.name} has two columns {twice!r}; rename one of them")
    for line, row in zip(numbered, rows, strict=True):
        if len(row) != len(head):
            mend = "put numbers with a comma in quotes, or part the fields by ;" if len(row) > len(head) else "complete that row"
            raise TableError(f"table {path.name}: row {line} has {len(row)} fields and the header {len(head)}; {mend}")
    return pd.DataFrame(rows[1:], columns=head, index=numbered[1:], dtype=str)


def bare(text: str) -> str:
    """A cell without spaces or apostrophes between groups of digits; "" where it says that there is no value."""
    value = text.strip().replace("−", "-")
    return "" if value.lower() in EMPTY else SPACES.sub("", value)


def _says(token: str, coordinate: bool) -> str:
    """What a number tells of the decimal sign: "." or ",", or "?." and "?," for a sign that could be either kind."""
    whole, signs = token.lstrip("+-").split("e")[0].split("E")[0], [c for c in token if c in ".,"]
    if not signs:
        return ""
    last = signs[-1]
    if len(set(signs)) == 2:
        return last
    if len(signs) > 1:
        return "," if last == "." else "."  # 1,234,567: the comma groups digits
    left, right = whole.split(last)
    groups = len(right) == 3 and 1 <= len(left) <= 3 and not left.startswith("0")
    if not groups or "e" in token.lower():
        return last
    if coordinate and float(left + right) > LARGEST_COORDINATE:  # 46,250 degrees cannot be 46250
        return last
    return "?" + last


def decimal_sign(columns: Sequence[pd.Series], coordinates: int, path: Path) -> str:
    """The decimal sign of a table, from all its numbers; the first ``coordinates`` columns hold degrees.

    Raises TableError where numbers disagree, or where nothing tells 1,000 apart from 1.000.
    """
    witness: dict[str, str] = {}
    for i, column in enumerate(columns):
        for text in column.unique():
            token = bare(text)
            match = NUMBER.search(token)
            if match:
                said = _says(match[0], i < coordinates)
                if said:
                    witness.setdefault(said, text)
    if "." in witness and "," in witness:
        raise TableError(
            f"table {path.name} holds {witness['.']!r} and {witness[',']!r}, which do not agree on the decimal sign; use one"
        )
    if "." in witness or "," in witness:
        return "." if "." in witness else ","
    if "?," in witness:
        other = witness["?,"]
        raise TableError(
            f"table {path.name}: {other!r} may be {other.replace(',', '')} or {other.replace(',', '.')}, no other number tells; "
            "write it without thousands and with a decimal point"
        )
    return "."


def parse(text: str, decimal: str) -> float:
    """A number with the table's decimal sign; the other sign groups digits. Raises ValueError."""
    token = bare(text)
    if not token:
        return float("nan")
    if not NUMBER.fullmatch(token):
        raise ValueError(text)
    thousands = "," if decimal == "." else "."
    mantissa = re.split("[eE]", token)[0]
    whole, *rest = mantissa.split(decimal)
    grouped = re.fullmatch(rf"[+-]?\d{{1,3}}(\{thousands}\d{{3}})+", whole)
    if (thousands in whole and not grouped) or any(thousands in r for r in rest):
        raise ValueError(text)
    return float(token.replace(thousands, "").replace(decimal, "."))


def numbers(column: pd.Series, decimal: str, path: Path, below: float | None = None, flags: str = "") -> np.ndarray:
    """A column as numbers, NaN where a cell is empty or says so.

    ``below``: value of "< LOD" and the like (None: such a cell is refused); ``flags``: letters that may stand behind a number.
    Raises TableError naming the first row that is no number.
    """
    known: dict[str, float] = {}
    for text in column.unique():
        token = text.strip()
        if flags:
            token = re.sub(rf"\s+[{flags}]{{1,3}}$|(?<=\d)[{flags}]{{1,3}}$|(?<=:)\s*[{flags}]{{1,3}}$", "", token)
        try:
            known[text] = below if below is not None and token.startswith("<") else parse(token, decimal)
        except ValueError:
            row = column.index[np.flatnonzero(column.to_numpy() == text)[0]]
            raise TableError(
                f"table {path.name}: {column.name} = {text!r} in row {row} is no number; correct that cell or leave it empty"
            ) from None
    return np.array([known[text] for text in column], float)

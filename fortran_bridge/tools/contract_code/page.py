"""``variables.md``: all variables with unit, range, default, CF name, meaning and where each land model has it; constants.

What:    a page for readers, made when calcisol is built; `calcisol describe --variables` prints it.
Hosts:   out of the maps of ``coupler/hosts/*.toml``, the ones the adapters are documented by.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .contract import PREFIX, Contract

TITLE = {
    "static": "Soil: given once",
    "forcing": "Forcing: given every step",
    "output": "Output: of every step",
    "diagnostic": "Laboratory pH: on request",
    "state": "State: carried from step to step, for restart files",
}
SHAPE = {"layer": "column, soil_layer", "column": "column"}
HEAD = """# Variables and constants of calcisol

Generated from `emulator/contract/variables.toml` and `constants.toml` when calcisol is built.

SI; amounts per m2 of soil and layer; layer 1 is at the surface; rates are means over the step. Fluxes of water and solutes
are positive downward, sinks positive out of the soil, sources positive into the layer, CO2 positive to the atmosphere.
A value outside its range is set to the nearest limit and the cell flagged; an input that is not given takes its default.
CF standard names are given where the CF table has one.
"""


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return [*lines, *("| " + " | ".join(_cell(c) for c in row) + " |" for row in rows), ""]


def _range(entry: Any) -> str:
    return f"{entry.valid[0]:g} to {entry.valid[1]:g}" if entry.valid else ""


def _default(entry: Any) -> str:
    if entry.default is None:
        return ""
    number = isinstance(entry.default, (int, float))
    return f"{entry.default:g}" if number else entry.default + (f": {entry.note}" if entry.note else "")


def _hosts(maps: Sequence[Path]) -> dict[tuple[str, str], list[str]]:
    """(role, variable) -> "name of the host: what it calls it [unit]"."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in maps:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        for role, name, theirs, units, _ in raw["map"]:
            unit = f" [{units}]" if units not in ("", "1") else ""
            found.setdefault((role, name), []).append(f"{raw['host'].split(' ')[0]}: {theirs}{unit}")
    return found


def text(contract: Contract, maps: Sequence[Path] = ()) -> str:
    """The whole page."""
    hosts, lines = _hosts(maps), [HEAD]
    for role in PREFIX:
        lines += [f"## {TITLE[role]}", ""]
        if role == "state":
            rows = [(f"`{e.name}`", e.units, SHAPE["layer"], e.long_name) for e in contract.entries(role)]
            lines += _table(("name", "unit", "shape", "meaning"), rows)
            continue
        full = [
            (f"`{e.name}`", e.units, SHAPE[e.dims], _range(e), _default(e), e.standard_name or "", e.long_name,
             "; ".join(hosts.get((role, e.name), [])))
            for e in contract.entries(role)
        ]  # fmt: skip
        lines += _table(("name", "unit", "shape", "range", "default", "CF standard name", "meaning", "in the host"), full)
    lines += ["## Flag of a cell", ""]
    lines += _table(("bit", "name", "meaning"), [(1 << f.bit, f"`{f.name}`", f.long_name) for f in contract.variables.flags])
    lines += ["## Constants and limits", ""]
    sources = [c.source + (f". {c.note}" if c.note else "") for c in contract.constants]
    rows = [(f"`{c.name}`", repr(c.value), c.units, c.meaning, s) for c, s in zip(contract.constants, sources, strict=True)]
    lines += _table(("name", "value", "unit", "meaning", "source"), rows)
    return "\n".join(lines).rstrip() + "\n"

"""What a forcing file holds of every input of the contract, and what is wrong with it, one sentence each.

What:    ``inspect`` gives a Finding per contract variable: given, converted, defaulted, derived, missing, out of range, faulty.
Units:   the contract's. Values are read block by block, so a file of any size can be looked at.
Source:  emulator/variables.toml for ranges and defaults.
Use:     ``for finding in inspect(Path("forcing.nc")): print(finding.line())``; ``describe(path)`` on the layout.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...emulator.contract.constants import MISSING_VALUE, MISSING_VALUE_ORCHIDEE
from ...emulator.contract.variables import Variable, load_table
from . import layout
from .files import BLOCK_BYTES, Forcing, ForcingError

SENTINELS = (MISSING_VALUE, -999.0, 1e20, MISSING_VALUE_ORCHIDEE, 1e36, 9.96921e36)
"""Codes to name in a finding; the library takes all from MISSING_FROM on as missing, -999 is seen in station files."""
WATER = ("w_liq", "w_ice")


@dataclass(frozen=True)
class Finding:
    """What a file holds of one contract variable."""

    variable: Variable
    found: str  # name in the file, "" where absent
    status: str  # given | converted | default | derived | missing | wrong unit | wrong shape
    note: str = ""
    problem: str = ""  # one sentence where the file cannot run

    def line(self) -> str:
        """One row of ``calcisol check``."""
        return f"{self.variable.name:16s} {self.variable.units:12s} {self.status:12s} {self.found:16s} {self.note}".rstrip()


def faults(variable: Variable, values: np.ndarray) -> tuple[str, str]:
    """(note, problem) of a variable's values: NaN, sentinels and negative water are problems, values out of range a note."""
    if not values.size:
        return "", f"{variable.name} holds no values: a dimension has length 0; give at least one column and one step"
    nan = int(np.isnan(values).sum())
    if nan:
        mend = "fill them" if variable.role == "static" else "fill them or set active = 0 there"
        return "", f"{variable.name} holds {nan} missing values (NaN or fill) of {values.size}; {mend}"
    infinite = int(np.isinf(values).sum())
    if infinite:
        return "", f"{variable.name} holds {infinite} infinite values; remove them"
    for sentinel in SENTINELS:
        count = int(np.isclose(values, sentinel, rtol=1e-6, atol=0).sum())
        if count:
            return (
                "",
                f"{variable.name} holds {count} times {sentinel:g}, a code for missing data; declare it as _FillValue or fill it",
            )
    if variable.name in WATER and values.min() < 0:
        return "", f"{variable.name} is negative ({values.min():g} {variable.units}); water amounts must be 0 or more"
    span = f"{values.min():.4g} to {values.max():.4g}"
    if variable.valid is not None:
        low, high = variable.valid
        outside = int(((values < low) | (values > high)).sum())
        if outside and ((variable.name == "dz" and values.min() < low) or outside == values.size):  # no layer, or another unit
            units = variable.units if variable.units != "1" else ""
            return "", (
                f"{variable.name} holds {outside} of {values.size} values outside {low:g} to {high:g} {units} ({span}); "
                "check its units and mend them"
            ).replace("  ", " ")
        if outside:
            return f"{outside} of {values.size} values outside {low:g} to {high:g} will be clipped ({span})", ""
    return span, ""


def blocks(forcing: Forcing, variable: Variable) -> list[slice | None]:
    """Pieces of the time axis small enough to hold at once; [None] for static properties."""
    if variable.role == "static":
        return [None]
    total = forcing.file.sizes[forcing.time]
    count = max(1, int(BLOCK_BYTES / (8.0 * len(forcing.layout) * max(1, forcing.layers))))
    return [slice(a, min(a + count, total)) for a in range(0, total, count)]


def stepped(forcing: Forcing, v: Variable, piece: slice | None) -> np.ndarray:
    """Values of a variable where columns are stepped: what stands where active = 0 is never looked at."""
    values = forcing.read(v, piece)
    if piece is None or v.name == "active" or "active" not in forcing.names:
        return values
    active = forcing.read(next(a for a in load_table().select("forcing") if a.name == "active"), piece) != 0
    return values[active]


def look(forcing: Forcing, v: Variable) -> Finding:
    """What the file holds of one variable that it has, read block by block."""
    name = forcing.names[v.name]
    units = str(forcing.file[name].attrs.get("units", ""))
    ends: list[np.ndarray] = []
    note = problem = ""
    try:
        for piece in blocks(forcing, v):
            values = stepped(forcing, v, piece)
            if not values.size and piece is not None and forcing.ncol and forcing.layers:
                continue  # no column is active in this block
            note, problem = faults(v, values)
            if problem:
                break
            inside = np.ones(values.shape, bool) if v.valid is None else (values >= v.valid[0]) & (values <= v.valid[1])
            ends.append(np.array([values.min(), values.max(), (~inside).sum(), values.size]))
    except (TypeError, ValueError) as error:  # letters where numbers are asked for
        return Finding(v, name, "no numbers", "", f"{v.name} ({name}) holds no numbers ({error}); give numbers in {v.units}")
    except ForcingError as error:
        return Finding(v, name, "wrong shape" if "has dims" in str(error) else "wrong unit", "", str(error))
    if ends and not problem and len(ends) > 1:
        table = np.array(ends)
        span, outside = f"{table[:, 0].min():.4g} to {table[:, 1].max():.4g}", int(table[:, 2].sum())
        note = span
        if outside and v.valid is not None:
            note = (
                f"{outside} of {int(table[:, 3].sum())} values outside {v.valid[0]:g} to {v.valid[1]:g} will be clipped ({span})"
            )
    status = "given" if units in ("", v.units) else "converted"
    origin = f"from {units}; " if status == "converted" else ""
    return Finding(v, name, status, origin + note + ("" if units else "; no units given, taken as is"), problem)


def inspect(path: Path) -> list[Finding]:
    """What a file holds of every input of the contract. Raises ForcingError where the file itself cannot be read."""
    findings = []
    with Forcing(path) as forcing:
        forcing.times()
        for v in [v for v in load_table().variables if v.role in ("static", "forcing")]:
            if v.name in forcing.names:
                findings.append(look(forcing, v))
            elif v.default == "required":
                text = f"{v.name} [{v.units}] is missing; add it ({v.long_name})"
                findings.append(Finding(v, "", "missing", "", text))
            else:
                note = v.note or "" if v.default == "derived" else f"{v.default:g}"
                findings.append(Finding(v, "", "derived" if v.default == "derived" else "default", note))
    return findings


def describe(path: Path) -> str:
    """One line on the layout of a file, for ``calcisol check``."""
    with Forcing(path) as forcing:
        dt, time = forcing.times(), forcing.file[forcing.time]
        calendar = str(time.attrs.get("calendar", "standard"))
        length = f"{dt.min() / 86400:.3g}" if dt.min() == dt.max() else f"{dt.min() / 86400:.3g} to {dt.max() / 86400:.3g}"
        return (
            f"{path.name}: {layout.KINDS[forcing.layout.kind]}, {forcing.ncol} of {len(forcing.layout)} columns hold values, "
            f"{forcing.layers} layers, {len(dt)} steps of {length} days, calendar {calendar}"
        )

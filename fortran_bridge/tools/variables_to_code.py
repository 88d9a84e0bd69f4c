"""Generate the C header, the C++ table, the Fortran module and the CCPP metadata of the variable table.

What:    turns ``emulator/variables.toml`` into code; run by meson, nothing of it is kept in git.
Names:   CALCISOL_<PREFIX>_<NAME>, one enumeration per role; the prefix is empty for forcing.
Fortran: ids are role * 1000 + row, so that one ``link`` routine can tell a soil property from a forcing.
Use:     ``python variables_to_code.py variables.toml {header|table|fortran|ccpp} OUTPUT``
"""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

# role -> (prefix of the constants, role number in calcisol.h)
PREFIX = {"static": ("SOIL_", 1), "forcing": ("", 2), "output": ("OUT_", 3), "diagnostic": ("LAB_", 4), "state": ("STATE_", 5)}
COUNT = {"static": "STATIC", "forcing": "FORCING", "output": "OUTPUT", "diagnostic": "LAB", "state": "STATE"}
FORTRAN_ROLE = 1000
NOTE = "generated from emulator/variables.toml: do not edit"


def load_table(toml: Path) -> Any:
    """The table, through ``variables.py`` beside the TOML file (one reader, one set of checks)."""
    source = toml.with_name("variables.py")
    spec = importlib.util.spec_from_file_location("calcisol_variables", source)
    assert spec is not None and spec.loader is not None, source
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module.load_table(toml)


def entries(table: Any, role: str) -> tuple[Any, ...]:
    """Rows of one role."""
    return table.state if role == "state" else table.select(role)


def describe(entry: Any) -> str:
    """Unit, shape, default, range and meaning of one row, for a comment."""
    dims = getattr(entry, "dims", "layer")
    parts = [entry.units, "[ncol]" if dims == "column" else "[ncol][nlay]"]
    default = getattr(entry, "default", None)
    if default is not None:
        parts.append(f"default {default}" if isinstance(default, (int, float)) else str(default))
    if getattr(entry, "valid", None):
        parts.append(f"valid {entry.valid[0]:g} to {entry.valid[1]:g}")
    return f"{', '.join(parts)}: {entry.long_name}"


def header(table: Any) -> str:
    """Enumerations for C and C++."""
    lines = [f"/* {NOTE}.", " * Rows of the arrays of views handed to calcisol.h, with unit, shape, default and valid range. */"]
    lines += ["#ifndef CALCISOL_VARIABLES_H", "#define CALCISOL_VARIABLES_H", ""]
    lines += [f"#define CALCISOL_SCHEMA_VERSION {table.schema_version}"]
    lines += [f"#define CALCISOL_N_{COUNT[role]} {len(entries(table, role))}" for role in PREFIX]
    for role, (prefix, _) in PREFIX.items():
        lines += ["", f"/* {role} */", f"enum calcisol_{role}_row {{"]
        rows = entries(table, role)
        for i, entry in enumerate(rows):
            comma = "," if i + 1 < len(rows) else ""
            lines.append(f"  CALCISOL_{prefix}{entry.name.upper()} = {i}{comma} /* {describe(entry)} */")
        lines.append("};")
    lines += ["", "/* bits of the flag of a cell; 0 = all is well */", "enum calcisol_flag_bit {"]
    for i, flag in enumerate(table.flags):
        comma = "," if i + 1 < len(table.flags) else ""
        lines.append(f"  CALCISOL_FLAG_{flag.name.upper()} = {1 << flag.bit}{comma} /* {flag.long_name} */")
    return "\n".join([*lines, "};", "", "#endif", ""])


def quoted(text: str | None) -> str:
    """C string literal; absent text is empty."""
    return '"' + (text or "").replace("\\", "\\\\").replace('"', '\\"') + '"'


def number(value: float) -> str:
    """C++ literal of a double; NaN by its name in <cmath>."""
    return "NAN" if math.isnan(value) else repr(float(value))


def table_source(table: Any) -> str:
    """Rows of ``calcisol::Variable`` (see src/table.hpp), one initialiser list per role."""
    lines = [f"// {NOTE}."]
    for role in PREFIX:
        lines.append(f"static const Variable {role}_rows[] = {{")
        for entry in entries(table, role):
            low, high = getattr(entry, "valid", None) or (math.nan, math.nan)
            default = getattr(entry, "default", None)
            fill = float(default) if isinstance(default, (int, float)) else math.nan
            layered = "false" if getattr(entry, "dims", "layer") == "column" else "true"
            required = "true" if default == "required" else "false"
            named = (entry.name, entry.units, entry.long_name, getattr(entry, "standard_name", None))
            texts = ", ".join(quoted(t) for t in named)
            lines.append(f"    {{{texts}, {layered}, {required}, {number(fill)}, {number(low)}, {number(high)}}},")
        lines.append("};")
    return "\n".join([*lines, ""])


def fortran(table: Any) -> str:
    """Module ``calcisol_variables``: ids of all rows, counts, flag bits."""
    lines = [f"! {NOTE}.", "! Ids for calcisol_arrays%link and for the state; unit, shape, default and valid range at each.", ""]
    lines += ["module calcisol_variables", "  use, intrinsic :: iso_c_binding, only: c_int32_t"]
    lines += ["  implicit none", "  public", ""]
    constant = "  integer(c_int32_t), parameter :: "
    lines += [f"{constant}calcisol_schema_version = {table.schema_version}_c_int32_t"]
    lines += [f"{constant}calcisol_role = {FORTRAN_ROLE}_c_int32_t  ! id = role * calcisol_role + row, row from 1"]
    lines += [f"{constant}calcisol_n_{COUNT[role].lower()} = {len(entries(table, role))}_c_int32_t" for role in PREFIX]
    for role, (prefix, number_) in PREFIX.items():
        lines += ["", f"  ! {role}"]
        for i, entry in enumerate(entries(table, role)):
            text = describe(entry).replace("[ncol][nlay]", "(ncol,nlay)").replace("[ncol]", "(ncol)")
            lines.append(f"  ! {text}")
            lines.append(f"{constant}calcisol_{prefix.lower()}{entry.name} = {number_ * FORTRAN_ROLE + i + 1}_c_int32_t")
    lines += ["", "  ! bits of the flag of a cell; 0 = all is well"]
    for flag in table.flags:
        lines += [f"  ! {flag.long_name}", f"{constant}calcisol_flag_{flag.name} = {1 << flag.bit}_c_int32_t"]
    return "\n".join([*lines, "", "end module calcisol_variables", ""])


def ccpp_standard_name(entry: Any) -> str:
    """CF name where there is one, else our own with a prefix: CCPP asks for a name of letters, digits and underscores."""
    return getattr(entry, "standard_name", None) or f"calcisol_{entry.name}"


def metadata(table: Any) -> str:
    """Documentation in the format of the CCPP: the arguments of one step with standard name, unit, dimensions and intent."""
    lines = [f"# {NOTE}."]
    lines += ["# What one step exchanges, in the words of the Common Community Physics Package; nothing reads it at run time."]
    lines += ["[ccpp-table-properties]", "  name = calcisol", "  type = scheme", "", "[ccpp-arg-table]", "  name = calcisol_run"]
    lines += ["  type = scheme"]

    def add(name: str, standard: str, long: str, units: str, dims: str, kind: str, intent: str, optional: bool) -> None:
        type_, _, kind = kind.partition(" ")
        lines.extend([f"[ {name} ]", f"  standard_name = {standard}", f"  long_name = {long}", f"  units = {units}"])
        lines.extend([f"  dimensions = {dims}", f"  type = {type_}", f"  kind = {kind}", f"  intent = {intent}"])
        lines.extend(["  optional = True"] if optional else [])

    add("dt", "timestep_for_physics", "time step", "s", "()", "real c_double", "in", False)
    shape = {"layer": "(horizontal_loop_extent, vertical_dimension_of_soil)", "column": "(horizontal_loop_extent)"}
    for role, intent in (("forcing", "in"), ("output", "out")):
        for entry in entries(table, role):
            optional = entry.default != "required"
            standard = ccpp_standard_name(entry)
            add(entry.name, standard, entry.long_name, entry.units, shape[entry.dims], "real c_double", intent, optional)
    add("errmsg", "ccpp_error_message", "one sentence", "none", "()", "character len=*", "out", False)
    add("errflg", "ccpp_error_code", "0 is fine", "1", "()", "integer c_int32_t", "out", False)
    return "\n".join([*lines, ""])


def main(argv: list[str]) -> None:
    """Write one of the four files."""
    toml, kind, output = Path(argv[1]), argv[2], Path(argv[3])
    text = {"header": header, "table": table_source, "fortran": fortran, "ccpp": metadata}[kind](load_table(toml))
    output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv)

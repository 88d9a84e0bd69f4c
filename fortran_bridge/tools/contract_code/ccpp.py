"""``calcisol.meta``: the arguments of one step in the format of the Common Community Physics Package (documentation)."""

from __future__ import annotations

from typing import Any

from .contract import NOTE, Contract

SHAPE = {"layer": "(horizontal_loop_extent, vertical_dimension_of_soil)", "column": "(horizontal_loop_extent)"}


def _standard_name(entry: Any) -> str:
    """CF name where there is one, else our own with a prefix: CCPP asks for a name of letters, digits and underscores."""
    return entry.standard_name or f"calcisol_{entry.name}"


def _argument(name: str, texts: tuple[str, str, str, str], kind: str, intent: str, optional: bool = False) -> list[str]:
    """``texts``: standard name, long name, units, dimensions."""
    standard, long, units, dims = texts
    type_, _, kind = kind.partition(" ")
    lines = [f"[ {name} ]", f"  standard_name = {standard}", f"  long_name = {long}", f"  units = {units}"]
    lines += [f"  dimensions = {dims}", f"  type = {type_}", f"  kind = {kind}", f"  intent = {intent}"]
    return [*lines, "  optional = True"] if optional else lines


def text(contract: Contract) -> str:
    """The whole file; nothing reads it at run time."""
    lines = [f"# {NOTE}."]
    lines += ["# What one step exchanges, in the words of the Common Community Physics Package; nothing reads it at run time."]
    lines += ["[ccpp-table-properties]", "  name = calcisol", "  type = scheme", "", "[ccpp-arg-table]", "  name = calcisol_run"]
    lines += ["  type = scheme"]
    lines += _argument("dt", ("timestep_for_physics", "time step", "s", "()"), "real c_double", "in")
    for role, intent in (("forcing", "in"), ("output", "out")):
        for entry in contract.entries(role):
            texts = (_standard_name(entry), entry.long_name, entry.units, SHAPE[entry.dims])
            lines += _argument(entry.name, texts, "real c_double", intent, optional=entry.default != "required")
    lines += _argument("errmsg", ("ccpp_error_message", "one sentence", "none", "()"), "character len=*", "out")
    lines += _argument("errflg", ("ccpp_error_code", "0 is fine", "1", "()"), "integer c_int32_t", "out")
    return "\n".join([*lines, ""])

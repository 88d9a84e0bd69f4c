"""What ``libcalcisol`` is compiled with: the table of variables as initialiser lists, and all constants."""

from __future__ import annotations

import math

from .contract import NOTE, PREFIX, Contract, describe_constant


def _quoted(text: str | None) -> str:
    """C string literal; absent text is empty."""
    return '"' + (text or "").replace("\\", "\\\\").replace('"', '\\"') + '"'


def _number(value: float) -> str:
    """C++ literal of a double; NaN by its name in <cmath>."""
    return "NAN" if math.isnan(value) else repr(float(value))


def table(contract: Contract) -> str:
    """Rows of ``calcisol::Variable`` (see src/base/variable_table.hpp), one initialiser list per role."""
    lines = [f"// {NOTE}."]
    for role in PREFIX:
        lines.append(f"static const Variable {role}_rows[] = {{")
        for entry in contract.entries(role):
            low, high = getattr(entry, "valid", None) or (math.nan, math.nan)
            default = getattr(entry, "default", None)
            fill = float(default) if isinstance(default, (int, float)) else math.nan
            layered = "false" if getattr(entry, "dims", "layer") == "column" else "true"
            required = "true" if default == "required" else "false"
            named = (entry.name, entry.units, entry.long_name, getattr(entry, "standard_name", None))
            texts = ", ".join(_quoted(t) for t in named)
            lines.append(f"    {{{texts}, {layered}, {required}, {_number(fill)}, {_number(low)}, {_number(high)}}},")
        lines.append("};")
    return "\n".join([*lines, ""])


def constants(contract: Contract) -> str:
    """Header with ``calcisol::constants``, one ``constexpr`` a line."""
    lines = [f"// {NOTE}.", "#pragma once", "", "namespace calcisol::constants {", ""]
    for constant in contract.constants:
        kind = "int" if isinstance(constant.value, int) else "double"
        lines += [f"// {line}" for line in describe_constant(constant)]
        lines += [f"constexpr {kind} {constant.name} = {constant.value!r};"]
    return "\n".join([*lines, "", "} // namespace calcisol::constants", ""])

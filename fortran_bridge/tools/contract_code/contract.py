"""The contract as the generators see it: variables, constants, and how they are named in code.

What:    reads ``variables.toml`` and ``constants.toml`` through the modules beside them, so that there is one reader and one
         set of checks; nothing of calcisol need be installed to build it.
Names:   CALCISOL_<PREFIX>_<NAME>, one enumeration per role; the prefix is empty for forcing.
"""

from __future__ import annotations

import importlib.util
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

# role -> (prefix of the constants, role number in calcisol.h)
PREFIX = {"static": ("SOIL_", 1), "forcing": ("", 2), "output": ("OUT_", 3), "diagnostic": ("LAB_", 4), "state": ("STATE_", 5)}
COUNT = {"static": "STATIC", "forcing": "FORCING", "output": "OUTPUT", "diagnostic": "LAB", "state": "STATE"}
NOTE = "generated from emulator/contract/variables.toml and constants.toml: do not edit"


@dataclass(frozen=True)
class Contract:
    """``variables``: a ``Table`` of variables.py; ``constants``: the ``Constant`` records of constants.py, in order."""

    variables: Any
    constants: tuple[Any, ...]

    def entries(self, role: str) -> tuple[Any, ...]:
        """Rows of one role."""
        return self.variables.state if role == "state" else self.variables.select(role)


def _module(source: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"calcisol_contract_{source.stem}", source)
    assert spec is not None and spec.loader is not None, source
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def load(variables: Path) -> Contract:
    """The contract whose ``variables.toml`` is given; ``constants.toml`` and both readers lie beside it."""
    table = _module(variables.with_name("variables.py")).load_table(variables)
    constants = _module(variables.with_name("constants.py")).load_constants(variables.with_name("constants.toml"))
    return Contract(table, tuple(constants.values()))


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


def describe_constant(constant: Any) -> list[str]:
    """Unit, meaning and source of one constant, for a comment: lines of at most 100 characters, as all compilers take."""
    return textwrap.wrap(f"{constant.units}: {constant.meaning} ({constant.source})", 100)

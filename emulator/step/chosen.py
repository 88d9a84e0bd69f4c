"""A step with the constants that somebody chose: a shipped set by its name, or every number stated.

Use:     ``step = chosen_step(core, contract["parameters"])``; the keys are thermodynamics, aluminium and, where the constants are
         those of an archive, constants (chemistry/stated.py)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..chemistry.stated import Stated, from_dict, install
from .correction import Core, NoCore
from .step import Step


def parameters_of(thermodynamics: str, aluminium: str, stated: Stated | None) -> dict[str, Any]:
    """What a contract says of the chemistry; ``stated`` constants bring their own law of aluminium."""
    if stated is None:
        return {"thermodynamics": thermodynamics, "aluminium": aluminium}
    return {"thermodynamics": thermodynamics, "aluminium": stated.aluminium, "constants": stated.as_dict()}


def chosen_step(core: Core | NoCore | None, parameters: Mapping[str, Any]) -> Step:
    """A step of these constants. Raises InputError where they are incomplete, ValueError for an unknown set or law."""
    step = Step(core, parameters.get("thermodynamics", "min3p"), parameters.get("aluminium", "AlX3"))
    if "constants" in parameters:
        install(step.equilibrium, from_dict(dict(parameters["constants"])))
    return step

"""What `calcisol evaluate` says before any score: whether the archive was made with the constants of the bundle.

What:    the table of constants that differ, where the archive states its own; and for any archive the pH that the bundle's
         constants give its own totals: no step is taken, so what is off is chemistry, not transport, forcing or learning.
Units:   pH of pore water.
Use:     ``text, differ = say_first(contract, sets)``
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..chemistry.constants import ALUMINIUM_LAWS, SETS
from ..chemistry.stated import differences, of_contract, table
from ..contract.rows import static_rows
from ..contract.variables import load_table
from ..processes.calcite import CalciteRates
from ..processes.soil import exchange_sites, reactive_water
from ..step.chosen import chosen_step
from ..step.records import Amounts
from ..step.step import Step
from ..training.dataset import Ensemble
from ..training.metrics import PRESENT

SAMPLES, FEW = 6, 2
"""Times of an archive that are looked at; FEW where only one of the shipped sets is looked for."""
TOLERATED = 0.02
"""pH; below it are the pairs and the water activity that the step leaves out (tests/emulator/test_constants.py)."""
_STATE = {name: i for i, name in enumerate(load_table().names("state"))}


def own_ph(step: Step, data: Ensemble, time: int) -> Tensor:
    """pH [layer, member] of the totals of an archive at one time, by the constants of ``step``; calcite does not react."""
    state, static = data.state[time], static_rows(data.static)
    rows = {name: state[i] for name, i in _STATE.items()}
    t = data.forcing_layer[max(time - 1, 0), load_table().names("forcing", "layer").index("t_soil")].clamp(273.15, 313.15)
    k, water = step.equilibrium.constants(t), reactive_water(rows["water"], static.dz)
    cations = torch.stack([rows[c] for c in ("ca", "mg", "k", "na", "nh4")])
    zero = torch.zeros_like(water)
    held = Amounts(cations, rows["no3"] + rows["cl"], rows["so4"], rows["calcite"])
    problem = step.problem(held, CalciteRates(zero, zero, zero + 1.0), water, exchange_sites(static), rows["pco2"])
    guess = torch.stack([-step.ln10 * rows["ph"], rows["site_1"], rows["site_2"], rows["site_3"]])
    return -step.cold_solve(problem, k, water, t, guess).unknowns[0] / step.ln10


def ph_errors(step: Step, sets: list[Ensemble], samples: int = SAMPLES) -> tuple[float, float]:
    """Root mean square of the pH that the constants get wrong: where there is calcite, and where there is none."""
    present, absent = [], []
    with torch.no_grad():
        for data in sets:
            for time in torch.linspace(1, data.state.shape[0] - 1, samples).long().tolist():
                error = own_ph(step, data, time) - data.ph[time]
                holds = data.state[time, _STATE["calcite"]] > PRESENT
                present.append(error[holds])
                absent.append(error[~holds])

    def rms(parts: list[Tensor]) -> float:
        values = torch.cat(parts)
        values = values[torch.isfinite(values)]
        return float(values.square().mean().sqrt()) if values.numel() else float("nan")

    return rms(present), rms(absent)


def _named_like(sets: list[Ensemble]) -> str:
    """Which shipped set and law of aluminium the archive was made with, where one of them gives it its pH."""
    found = {}
    for thermodynamics in SETS:
        for law in ALUMINIUM_LAWS:
            errors = ph_errors(Step(None, thermodynamics, law), sets, FEW)
            found[thermodynamics, law] = max(x for x in (*errors, 0.0) if x == x)
    (thermodynamics, law), error = min(found.items(), key=lambda item: item[1])
    if error > TOLERATED:
        return "No shipped set gives it its pH; make the file again with `calcisol learn`, which reads its constants."
    named = f'thermodynamics = "{thermodynamics}", aluminium = "{law}"'
    return f"Its constants are {named} (pH within {error:.3f}): put these into a training config."


def say_first(contract: dict[str, Any], sets: list[Ensemble]) -> tuple[str, bool]:
    """What to print first, and whether the constants differ."""
    parameters = contract["parameters"]
    ours, theirs = of_contract(parameters), sets[0].constants
    if theirs is None and sets[0].sha256 == contract.get("data", {}).get("archive_sha256"):
        return "constants: those of the archive the bundle was trained on", False
    present, absent = ph_errors(chosen_step(None, parameters), sets)
    shown = f"{present:.3f} where calcite is present" + (f", {absent:.3f} without" if absent == absent else "")
    check = f"the archive's own totals through the bundle's constants: pH off by {shown} (rms, no step taken)"
    rows = differences(ours, theirs) if theirs is not None else []
    if theirs is None and max(x for x in (present, absent, 0.0) if x == x) <= TOLERATED:
        return f"constants: the archive states none; {check}", False
    if theirs is not None and not rows:
        return f"constants: the archive's are the bundle's; {check}", False
    lines = [
        "THE ARCHIVE WAS MADE WITH OTHER CONSTANTS THAN THE BUNDLE'S" + (", and does not state them." if theirs is None else ":")
    ]
    if theirs is not None:
        lines += [f"{len(rows)} differ ({theirs.source})", table(rows)]
    lines += [f"{check}.", "The errors below are of this chemistry first."]
    lines.append("Train on the archive, which takes its constants." if theirs is not None else _named_like(sets))
    return "\n".join(lines) + "\n", True

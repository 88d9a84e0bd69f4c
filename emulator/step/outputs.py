"""What the step hands back: the new state, outputs per layer and column, and flags; every budget closes by how they are made.

What:    carbon that neither stays nor is leached has left through the surface: ``co2_adj`` is the difference, so that it closes.
Units:   as in variables.toml; rates are means over the step. Shapes [slot, layer, column], [row, layer, column], [row, column].
Use:     ``torch.stack(layer_outputs(end, state))``, as ``Step.forward`` does; no __future__ annotations (TorchScript)
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..chemistry.ions import all_but_calcium, ammonium, calcium, nitrate
from ..chemistry.records import ph_of, potentials
from ..contract.constants import MOLAR_MASS_C, MOLAR_MASS_N, PA_PER_ATM
from ..contract.ordered import ordered_sum
from ..contract.rows import ColumnForcing, ColumnOutputs, LayerForcing, LayerOutputs, State, Static
from ..processes.sources import Sourced, alkalinity
from .records import Balanced, Environment, state_ph

TOPSOIL = 0.3
"""m; depth of the topsoil whose pH is ``ph_top``: plough depth, and that of most surveys."""
TOLERANCE = 2.3e-4
"""Of ln h: 1e-4 in pH, as precise as MIN3P prints it. Compared with an estimate of the error (``Solution.left``)."""
OUTSIDE = 2 + 4
"""Bits outside_envelope and fallback of variables.toml: the core is switched off in a cell it does not know. Bit 1: clipped."""
RESIDUAL = 8
"""Bit of variables.toml: the search for pH may have stopped further than ``TOLERANCE`` from the root."""


def new_state(f: LayerForcing, end: Balanced, climate: Tensor) -> Tensor:
    """State at the end of the step [slot, layer, column], in the order of variables.toml; ``climate`` [3, layer, column]."""
    unknowns = end.solution.unknowns
    return torch.cat(
        [
            torch.stack([end.calcite, calcium(end.pools) + end.dissolved]),
            all_but_calcium(end.pools),
            torch.stack([end.dic, f.w_liq + f.w_ice, end.pco2, ph_of(unknowns)]),
            potentials(unknowns),
            end.solution.ionic_strength.unsqueeze(0),
            climate,
        ]
    )


class Budgets(NamedTuple):
    """What left the column in the step [column]."""

    dic: Tensor  # mol m-2 with drainage
    co2: Tensor  # mol m-2 through the surface beyond what was respired
    alkalinity: Tensor  # mol_c m-2 with drainage


def budgets(c: ColumnForcing, x: State, env: Environment, end: Balanced) -> Budgets:
    """Carbon and alkalinity that left; ``x``: the state before."""
    leached = env.dt * (env.q_bot * end.solution.dic[-1] + ordered_sum(env.q_lat * end.solution.dic, 0))
    co2 = ordered_sum(x.dic - end.dic + end.dissolved, 0) + env.dt * c.dep_dic - leached
    return Budgets(leached, co2, alkalinity(end.leached))


def layer_outputs(
    end: Balanced, state: Tensor, molar_mass_c: float = MOLAR_MASS_C, pa_per_atm: float = PA_PER_ATM
) -> LayerOutputs:
    """Outputs per layer [layer, column] each; ``state``: the new one [slot, layer, column]."""
    return LayerOutputs(
        ph=state_ph(state),
        sic=molar_mass_c * end.calcite,
        dic=molar_mass_c * end.dic,
        pco2=pa_per_atm * end.pco2,
        base_sat=end.solution.base_saturation,
        si_calcite=torch.log10(end.solution.saturation.clamp(min=1e-30)),
    )


def topsoil_share(dz: Tensor, depth: float = TOPSOIL) -> Tensor:
    """Thickness of each layer above ``depth`` [layer, column], m."""
    return (depth - (torch.cumsum(dz, 0) - dz)).clamp(min=0.0).minimum(dz)


def column_outputs(
    s: Static,
    dt: Tensor,
    sourced: Sourced,
    end: Balanced,
    state: Tensor,
    left: Budgets,
    molar_mass_c: float = MOLAR_MASS_C,
    molar_mass_n: float = MOLAR_MASS_N,
) -> ColumnOutputs:
    """Outputs per column [column] each; ``state``: the new one [slot, layer, column]."""
    thick = topsoil_share(s.dz)
    per_second = 1.0 / dt
    return ColumnOutputs(
        ph_top=ordered_sum(thick * state_ph(state), 0) / ordered_sum(thick, 0),
        co2_adj=molar_mass_c * left.co2 * per_second,
        dic_leach=molar_mass_c * left.dic * per_second,
        alk_leach=left.alkalinity * per_second,
        ca_leach=calcium(end.leached) * per_second,
        no3_leach=molar_mass_n * nitrate(end.leached) * per_second,
        nh4_leach=molar_mass_n * ammonium(end.leached) * per_second,
        n_sink=molar_mass_n * sourced.n_sink * per_second,
        ca_sink=sourced.ca_sink * per_second,
        acid_load=ordered_sum(sourced.acid, 0) * per_second,
        calcite_loss=ordered_sum(end.dissolved, 0) * per_second,
    )


def flags(
    limited: Tensor,
    inside: Tensor,
    left: Tensor,
    tolerance: float = TOLERANCE,
    bits_outside: int = OUTSIDE,
    bit_residual: int = RESIDUAL,
) -> Tensor:
    """Flags [layer, column] int32: a sink was ``limited``, the core did not know the cell, the search left an error."""
    unconverged = left > tolerance
    outside = ~inside
    return limited.to(torch.int32) + outside.to(torch.int32) * bits_outside + unconverged.to(torch.int32) * bit_residual

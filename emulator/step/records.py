"""What passes between the parts of the step, each with a name; the only place of this folder where a row has a number.

What:    one record per part, in the order of ``Step.forward``; what enters and leaves the step is in contract/rows.py, what a
         process makes (``Sourced``, ``CalciteRates``, ``CarriedCarbon``) beside that process.
Units:   as said per field. Shapes [layer, column], or [row, layer, column] or [column] where said; float64.
Use:     ``env = Environment(...); env.water``; TorchScript needs plain annotations, hence no __future__
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..chemistry.ions import cations, monovalent_anions, sulphate
from ..chemistry.records import Constants, Solution
from ..contract.rows import State


class Environment(NamedTuple):
    """What a step is given beside pools: its length, and water, air, heat and exchanger of every layer."""

    dt: Tensor  # s, 0-d
    t: Tensor  # K
    water: Tensor  # kg m-2 that reacts
    air: Tensor  # m3 of air per m3 of soil
    sites: Tensor  # [site, layer, column] mol_c m-2
    constants: Constants
    q_lower: Tensor  # kg m-2 s-1 through the lower face
    q_top: Tensor  # [column] kg m-2 s-1 through the surface
    q_lat: Tensor  # kg m-2 s-1 leaving sideways
    q_bot: Tensor  # [column] kg m-2 s-1 through the bottom


class Amounts(NamedTuple):
    """What a layer brings to the solver, mol m-2."""

    cations: Tensor  # [5, layer, column] dissolved + exchangeable
    anions: Tensor  # NO3 + Cl
    so4: Tensor
    calcite: Tensor


class SoilAir(NamedTuple):
    """Carbon dioxide of the soil air before transport, and what it is stored in."""

    p_air: Tensor  # [column] atm above the soil
    p_old: Tensor  # atm at the end of the last step
    p_first: Tensor  # atm, estimate for the end of this step
    carbon: Tensor  # mol m-2 of inorganic carbon but for calcite, with all that came
    capacity: Tensor  # mol m-2 atm-1 that the air holds
    conductance: Tensor  # mol m-2 s-1 atm-1 to the layer above


class Correction(NamedTuple):
    """What the learned core makes of a step."""

    factors: Tensor  # [factor, layer, column] without unit, rows in the order of ``correction.FACTORS``
    inside: Tensor  # bool: the core knows such a cell; elsewhere its factors are 1


class Flow(NamedTuple):
    """What moves ions and gas between the layers in one step."""

    mobility: Tensor  # [8, layer, column] factor on the flow of water, for each ion
    dispersion: Tensor  # kg m-2 s-1 exchanged with the layer below
    down: Tensor  # kg m-2 s-1 leaving through the lower face
    up: Tensor  # kg m-2 s-1 entering there; last row zero
    from_below: Tensor  # kg m-2 s-1 entering the last layer through the bottom; zero in all others
    conductance: Tensor  # mol m-2 s-1 atm-1 of CO2 to the layer above


class Balanced(NamedTuple):
    """The column at the end of the step, transport, equilibrium and CO2 agreeing with each other."""

    solution: Solution
    pools: Tensor  # [8, layer, column] mol m-2, moved; the calcium of calcite that reacted is not in yet
    calcite: Tensor  # mol m-2
    dissolved: Tensor  # mol m-2 of calcite in this step; negative: formed
    dic: Tensor  # mol m-2 in water and air
    pco2: Tensor  # atm
    leached: Tensor  # [8, column] mol m-2


def amounts(pools: Tensor, calcite: Tensor) -> Amounts:
    """Amounts of ``pools`` [8, layer, column] beside ``calcite`` [layer, column]."""
    return Amounts(cations(pools), monovalent_anions(pools), sulphate(pools), calcite)


def calcite_factor(factors: Tensor) -> Tensor:
    """Factor on the rates of calcite [layer, column]."""
    return factors[0]


def conductance_factor(factors: Tensor) -> Tensor:
    """Factor on the conductance of CO2 [layer, column]."""
    return factors[1]


def mobilities(factors: Tensor) -> Tensor:
    """Factor on the flow of each ion [8, layer, column]: two divalent cations, three monovalent ones, three anions."""
    return torch.stack([factors[3], factors[3], factors[4], factors[4], factors[4], factors[2], factors[2], factors[2]])


def state_ph(state: Tensor, row: int = State._fields.index("ph")) -> Tensor:
    """pH [layer, column] of a state [slot, layer, column]."""
    return state[row]


def site(unknowns: Tensor, number: int) -> Tensor:
    """ln u [layer, column] of exchange site 1, 2 or 3 from the unknowns of the solver [1 + site, layer, column]."""
    return unknowns[number]

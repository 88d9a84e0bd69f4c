"""What the learned core is told of a cell: the fields of ``Features`` are the list of its inputs.

What:    numbers without unit, mostly logs, that say how far a step is from resolving transport, gas and reaction.
Shapes:  [layer, column] per field; ``torch.stack(features(...))`` is [feature, layer, column], float32.
Use:     ``torch.stack(features(s, env, sourced, rates, still, air, dispersion, supply))``. A new input is a field and its value
         below, in the same place; it changes the core, so a bundle has to be trained again. No __future__ annotations here.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..chemistry.equilibrium import Solution
from ..chemistry.ions import calcium, sodium
from ..chemistry.records import single_ph
from ..contract.rows import Static
from ..processes.calcite import CalciteRates
from ..processes.soil import in_top_layer
from ..processes.sources import Sourced
from .records import Environment, SoilAir


class Features(NamedTuple):
    """Inputs of the core [layer, column] each; "above" and "below": of the neighbour, at the ends of the layer itself."""

    ln_dt: Tensor  # s, less 14
    ln_courant_below: Tensor  # water through the lower face over the water of the layer
    ln_courant_above: Tensor
    saturation: Tensor  # of the pores with water
    ln_air: Tensor  # air-filled fraction
    temperature: Tensor  # in 10 K from 283 K
    ln_pco2: Tensor  # atm, first estimate for the end of the step
    ln_pco2_change: Tensor  # against the end of the last step
    ln_damkoehler: Tensor  # extent of calcite far from equilibrium over dissolved Ca
    ln_calcite: Tensor  # over dissolved Ca
    ph: Tensor  # as it would be without transport
    base_saturation: Tensor
    ln_ca: Tensor  # dissolved, mol kg-1
    ln_anions: Tensor  # NO3 + Cl, mol kg-1
    ln_anions_above: Tensor
    ln_anions_below: Tensor
    ln_retardation: Tensor  # Ca dissolved and exchangeable over dissolved
    ln_dispersion: Tensor  # water exchanged with the layer below over the water of the layer
    ln_dz: Tensor  # m
    acid: Tensor  # asinh of the acid of the step in 0.1 mmol_c kg-1
    si: Tensor  # ln of the saturation ratio of calcite
    si_above: Tensor
    si_below: Tensor
    ln_conductance: Tensor  # of CO2 to the layer above times dt, mol m-2 atm-1
    depth: Tensor  # m to the lower face
    ln_na: Tensor  # dissolved, mol kg-1
    ln_supply: Tensor  # Ca of deposition and lime in layer 1, mol kg-1


FEATURES = tuple(name.replace("_", " ") for name in Features._fields)
"""Names of the features as bundles list them."""


def of_layer_above(x: Tensor) -> Tensor:
    """``x`` [layer, column] of the layer above; of the first layer its own."""
    return torch.cat([x.double()[:1], x.double()[:-1]]).float()


def of_layer_below(x: Tensor) -> Tensor:
    """``x`` [layer, column] of the layer below; of the last layer its own."""
    return torch.cat([x.double()[1:], x.double()[-1:]]).float()


def asinh(x: Tensor) -> Tensor:
    """Inverse hyperbolic sine: as good as a sum with 1 leaves it."""
    size = torch.log(x.abs() + torch.sqrt(x * x + 1.0))
    return torch.where(x < 0.0, -size, size)


def features(
    s: Static,
    env: Environment,
    sourced: Sourced,
    rates: CalciteRates,
    still: Solution,
    air: SoilAir,
    dispersion: Tensor,
    supply: Tensor,
) -> Features:
    """The features of a step; ``still``: pore water before transport, ``supply``: Ca brought to the surface [column], mol m-2."""
    water, dt = env.water.float(), env.dt.float()
    q_upper = torch.cat([env.q_top.unsqueeze(0), env.q_lower[:-1]]).float()
    soluble = calcium(still.dissolved).float() * water
    anions = torch.log(sourced.anions.float() / water + 1e-6)
    si = torch.log(still.saturation.float().clamp(min=1e-8)).clamp(-8.0, 3.0)
    dz, p_first = s.dz.float(), air.p_first.float()
    return Features(
        ln_dt=(torch.log(dt) - 14.0).expand_as(water),
        ln_courant_below=torch.log(env.q_lower.float().abs() * dt / water + 1e-3),
        ln_courant_above=torch.log(q_upper.abs() * dt / water + 1e-3),
        saturation=water / (1000.0 * dz * s.porosity.float()),
        ln_air=torch.log(env.air.float()),
        temperature=(env.t.float() - 283.0) / 10.0,
        ln_pco2=torch.log(p_first),
        ln_pco2_change=torch.log(p_first / air.p_old.float()),
        ln_damkoehler=torch.log(rates.dissolving.float() / soluble + 1e-3).clamp(max=12.0),
        ln_calcite=torch.log(sourced.calcite.float() / soluble + 1e-3).clamp(max=10.0),
        ph=single_ph(still.activities),
        base_saturation=still.base_saturation.float(),
        ln_ca=torch.log(calcium(still.dissolved).float()),
        ln_anions=anions,
        ln_anions_above=of_layer_above(anions),
        ln_anions_below=of_layer_below(anions),
        ln_retardation=torch.log(calcium(sourced.pools).float() / soluble + 1e-3),
        ln_dispersion=torch.log(dispersion.float() * dt / water + 1e-3),
        ln_dz=torch.log(dz),
        acid=asinh(sourced.acid.float() / water * 1e4),
        si=si,
        si_above=of_layer_above(si),
        si_below=of_layer_below(si),
        ln_conductance=torch.log(air.conductance.float() * dt + 1e-3),
        depth=torch.cumsum(s.dz, 0).float(),
        ln_na=torch.log(sodium(still.dissolved).float() + 1e-6),
        ln_supply=torch.log(in_top_layer(supply, env.water).float() / water + 1e-4),
    )

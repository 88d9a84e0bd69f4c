"""The first state of a column, consistent with its survey and its first forcing.

What:    ``prepare`` completes the derived static rows; ``initial_state`` fills pore water, exchanger and soil air.
Units:   as in variables.toml. Shapes [row, layer, column] in its row order.
Source:  charge of the pore water of an arable soil (``soil_water``); bases on the exchanger in the shares of arable soils
         (contract/bases.py), but where calcite rules them; both in equilibrium (Gaines & Thomas 1953, J. Chem. Phys. 21,
         714-718).
Use:     ``state = step.initial_state(step.prepare(static), forcing_layer, forcing_column)``; no __future__ annotations
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ..chemistry.equilibrium import Activity, Constants
from ..chemistry.ions import ammonium, calcium, magnesium, potassium, sodium
from ..chemistry.records import permanent_charge, ph_of
from ..contract.bases import BASES
from ..contract.ordered import ordered_sum
from ..contract.rows import column_rows, layer_rows, static_rows
from ..contract.turns import enter, leave, turns
from ..processes.aluminium import with_aluminium
from ..processes.calcite import CalciteRates, forming_above, initial_calcite
from ..processes.gas import conductance, gas_capacity, pressure, pressure_above
from ..processes.recent_climate import start
from ..processes.respiration import respiration
from ..processes.soil import air_fraction, complete, exchange_sites, reactive_water
from .pore_water import PoreWater
from .records import Amounts, site


class FirstWater(NamedTuple):
    """Pore water of the first state, mol per kg of water; [layer, column] unless said."""

    h: Tensor  # activity of H+
    free: Tensor  # [5, layer, column] free cations
    anions: Tensor  # NO3 + Cl
    gamma: Activity
    one: Tensor  # 1 in every cell


def h_activity(calcite: Tensor, ph0: Tensor, co2: Tensor, k: Constants, gamma: Activity, ln10: float) -> Tensor:
    """Activity of H+ [layer, column]: at equilibrium with ``calcite`` (mol m-2) where there is any, else that of ``ph0``.

    Water with little else than calcite holds Ca = HCO3 / 2; ``co2`` is the activity of dissolved CO2.
    """
    ca_cubed = k.calcite * k.carbonic_1 * co2 / (4.0 * k.carbonic_2 * calcium(gamma.cations) * gamma.hco3 * gamma.hco3)
    ca_eq = torch.pow(ca_cubed, 1.0 / 3.0)
    h_calcite = k.carbonic_1 * co2 / (2.0 * ca_eq * gamma.hco3)
    return torch.where(calcite > 0.0, h_calcite, torch.exp(-ln10 * ph0))


def soil_water(h: Tensor, co2: Tensor, k: Constants, gamma: Activity) -> FirstWater:
    """Pore water of an arable soil at the activities ``h`` of H+ and ``co2`` of CO2 [layer, column].

    0.25 mM Mg, 0.1 mM K, 0.2 mM Na, 0.005 mM NH4, 0.2 mM NO3, 0.2 mM Cl, 0.01 mM SO4. Ca closes the charge; in acid layers NO3
    and Cl are raised instead, so that Ca stays positive.
    """
    hco3 = k.carbonic_1 * co2 / (h * gamma.hco3)
    al = k.gibbsite * h * h * h / gamma.al
    ca = (0.5 * (hco3 + 4e-4 + 2e-5 - 8e-4 - h / gamma.h - 3.0 * al)).clamp(min=2e-4)
    one = torch.ones_like(h)
    free = torch.stack([ca, 2.5e-4 * one, 1e-4 * one, 2e-4 * one, 5e-6 * one])
    anions = (2.0 * ca + 8e-4 + h / gamma.h + 3.0 * al - hco3 - 2e-5).clamp(min=0.0)
    return FirstWater(h, free, anions, gamma, one)


class FirstState(PoreWater):
    """The part of the step that makes a first state."""

    def __init__(self, thermodynamics: str = "min3p", aluminium: str = "AlX3") -> None:
        super().__init__(thermodynamics, aluminium)
        self.shares_of_bases: list[float] = [
            BASES["ca"],
            BASES["mg"],
            BASES["k"],
        ]  # as an attribute: TorchScript compiles no module-level values

    @torch.jit.export
    def prepare(self, static: Tensor) -> Tensor:
        """Static rows [row, layer, column] with the derived ones, NaN where the host gives none, completed."""
        return complete(static)

    @torch.jit.export
    def initial_state(self, static: Tensor, forcing_layer: Tensor, forcing_column: Tensor) -> Tensor:
        """First pools [state, layer, column], consistent with caco3, ph0, base_saturation and the first forcing.

        Pore water starts as that of an arable soil (``soil_water``), its pH that of calcite where there is any, else ph0. The
        exchanger is filled in equilibrium with it; in layers without calcite its bases have the shares of arable soils, and the
        water those that belong to them. A given base_saturation then rescales the exchangeable bases of these layers. The soil
        air is that of a steady state: no storage, one second of sources against one second of diffusion.
        """
        s, f, c = static_rows(static), layer_rows(forcing_layer), column_rows(forcing_column)
        t = f.t_soil.clamp(273.15, 313.15)
        water = reactive_water(f.w_liq, s.dz)
        air = air_fraction(s.porosity, f.w_liq, f.w_ice, s.dz)
        k = with_aluminium(self.equilibrium.constants(t), s)
        sites = exchange_sites(s)
        calcite = initial_calcite(s)
        source = respiration(f, c, s)
        p_air = pressure_above(c)
        upward = conductance(s.dz, air, s.porosity, t)
        zero = torch.zeros_like(s.dz)
        pco2 = pressure(p_air.expand_as(zero), source, zero, upward, p_air, torch.ones_like(zero))

        gamma = self.equilibrium.activity(torch.full_like(water, 0.006), t)
        co2 = k.co2_solubility * pco2
        typical = soil_water(h_activity(calcite, s.ph0, co2, k, gamma, self.ln10), co2, k, gamma)
        v, free = self.fill_exchanger(typical, sites, calcite, k)
        first = FirstWater(typical.h, free, typical.anions, typical.gamma, typical.one)
        pools = self.first_pools(first, v, sites, water, calcite, s.base_saturation)

        guess = torch.cat([torch.log(first.h).unsqueeze(0), v])
        rate = torch.where(calcite > 0.0, 1e3 * first.one, zero)
        held = Amounts(pools, first.anions * water, 1e-5 * water, calcite)
        p = self.problem(held, CalciteRates(rate, rate, forming_above(s)), water, sites, pco2)
        solution = self.cold_solve(p, k, water, t, guess)
        reacted = water * solution.ca_total - calcium(pools)
        x = solution.unknowns
        n = first.anions * water
        known = torch.stack(
            [(calcite - reacted).clamp(min=0.0), calcium(pools) + reacted, magnesium(pools), potassium(pools), sodium(pools),
             ammonium(pools), 0.5 * n, 0.5 * n, 1e-5 * water, water * solution.dic + gas_capacity(air, s.dz, t) * pco2,
             f.w_liq + f.w_ice, pco2, ph_of(x), site(x, 1), site(x, 2), site(x, 3), solution.ionic_strength]
        )  # fmt: skip
        return torch.cat([known, start(water)])

    def fill_exchanger(self, first: FirstWater, sites: Tensor, calcite: Tensor, k: Constants) -> list[Tensor]:
        """Exchange potential ln u at which each site [site, layer, column] is full, and the free cations [5, layer, column] then.

        A site is a sum of exponentials of ln u with slopes of 1 to 3: half of its logarithm taken off halves the distance in
        every turn, at least. In layers without calcite Ca, Mg and K of the water, of the same charge together, are mixed so that
        those on the permanent charge, the only one that takes K, have their shares; Na and NH4 stay those of the water.
        """
        a_al = k.gibbsite * first.h * first.h * first.h
        affinity = (self.equilibrium.selectivity * first.gamma.cations)[:3]
        charge = 2.0 * (calcium(first.free) + magnesium(first.free)) + potassium(first.free)
        shares = torch.stack([share * first.one for share in self.shares_of_bases])
        v, free = torch.zeros_like(sites), first.free
        for _ in range(turns(60)):
            v, free = enter([v, free], 60)
            v = v - 0.5 * torch.log(self.site_filling(v, free, first, a_al, k))
            u = permanent_charge(torch.exp(v))
            mixed = shares / (affinity * torch.stack([u * u, u * u, u]))
            carried = 2.0 * (calcium(mixed) + magnesium(mixed)) + potassium(mixed)
            held = torch.where(calcite > 0.0, free[:3], mixed * (charge / carried))
            v, free = leave([v, torch.cat([held, free[3:]])])
        return [v, free]

    def site_filling(self, v: Tensor, free: Tensor, first: FirstWater, a_al: Tensor, k: Constants) -> Tensor:
        """Sum of equivalent fractions on each site [site, layer, column] at potential ``v`` beside the cations ``free``."""
        u = torch.exp(v)
        cations = first.gamma.cations
        bases = self.equilibrium.bases(u, u * u, self.equilibrium.selectivity * cations * free)
        aluminium = self.equilibrium.aluminium(u, first.h, a_al, k.aloh, sodium(cations) * sodium(free))
        return bases + self.equilibrium.proton_affinity * first.h * u + aluminium

    def first_pools(
        self, first: FirstWater, v: Tensor, sites: Tensor, water: Tensor, calcite: Tensor, base_saturation: Tensor
    ) -> Tensor:
        """Cations in water and on the exchanger [5, layer, column], mol m-2, at the exchange potentials ``v``."""
        u = torch.exp(v)
        sorbed = self.equilibrium.selectivity * first.gamma.cations * first.free
        held = sorbed * self.equilibrium.capacity(sites * u, sites * u * u)
        bases = ordered_sum(sites * self.equilibrium.bases(u, u * u, sorbed), 0) / ordered_sum(sites, 0)
        wanted = torch.where(torch.isnan(base_saturation) | (calcite > 0.0), bases, base_saturation)
        return water * first.free + held * (wanted / bases)

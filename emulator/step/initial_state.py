"""The first state of a column, consistent with its survey and its first forcing.

What:    ``prepare`` completes the derived static rows; ``initial_state`` fills pore water, exchanger and soil air.
Units:   as in variables.toml. Shapes [row, layer, column] in its row order.
Source:  pore water of an arable soil (see ``initial_state``); the exchanger in equilibrium with it (Gaines-Thomas).
Use:     ``state = step.initial_state(step.prepare(static), forcing_layer, forcing_column)``; no __future__ annotations
"""

import torch
from torch import Tensor

from ..chemistry.equilibrium import Activity, Constants
from ..contract.ordered import ordered_sum
from ..contract.rows import column_rows, layer_rows, static_rows
from ..contract.turns import enter, leave, turns
from ..processes.gas import conductance, pressure
from ..processes.past import start
from ..processes.soil import air_fraction, complete, exchange_sites, reactive_water
from .pore_water import PoreWater


class FirstState(PoreWater):
    """The part of the step that makes a first state."""

    @torch.jit.export
    def prepare(self, static: Tensor) -> Tensor:
        """Complete the derived static rows."""
        return complete(static)

    @torch.jit.export
    def initial_state(self, static: Tensor, forcing_layer: Tensor, forcing_column: Tensor) -> Tensor:
        """First pools [state, layer, column], consistent with caco3, ph0, base_saturation and the first forcing.

        Pore water starts as that of an arable soil: 0.25 mM Mg, 0.1 mM K, 0.2 mM Na, 0.2 mM NO3, 0.2 mM Cl, 0.01 mM SO4;
        Ca by calcite where there is any, else by charge at ph0. The exchanger is filled in equilibrium with it. A given
        base_saturation then rescales the exchangeable bases of layers without calcite.
        """
        s = static_rows(static)
        f = layer_rows(forcing_layer)
        c = column_rows(forcing_column)
        t = f.t_soil.clamp(273.15, 313.15)
        water = reactive_water(f.w_liq, s.dz)
        air = air_fraction(s.porosity, f.w_liq, f.w_ice, s.dz)
        k = self.equilibrium.constants(t)
        sites = exchange_sites(s)
        calcite = s.caco3 * s.bulk_density * s.dz / self.molar_mass_caco3
        source = self.respiration(f, c, s)
        p_air = c.co2_atm * c.p_surf / self.pa_per_atm
        up = conductance(s.dz, air, s.porosity, t, self.d_gas)
        zero = torch.zeros_like(s.dz)
        # steady profile: no storage, one second of sources against one second of diffusion
        pco2 = pressure(p_air.expand_as(zero), source, zero, up, p_air, torch.ones_like(zero))

        gamma = self.equilibrium.activity(torch.full_like(water, 0.006), t)
        co2 = k.co2_solubility * pco2
        # pH at equilibrium with calcite in water with little else, Ca = HCO3 / 2
        ca_cubed = k.calcite * k.carbonic_1 * co2 / (4.0 * k.carbonic_2 * gamma.cations[0] * gamma.hco3 * gamma.hco3)
        ca_eq = torch.pow(ca_cubed, 1.0 / 3.0)
        h_calcite = k.carbonic_1 * co2 / (2.0 * ca_eq * gamma.hco3)
        h = torch.where(calcite > 0.0, h_calcite, torch.exp(-self.ln10 * s.ph0))
        hco3 = k.carbonic_1 * co2 / (h * gamma.hco3)
        # Ca closes the charge; in acid layers nitrate is raised instead so that Ca stays positive
        al = k.gibbsite * h * h * h / gamma.al
        ca = (0.5 * (hco3 + 4e-4 + 2e-5 - 8e-4 - h / gamma.h - 3.0 * al)).clamp(min=2e-4)
        one = torch.ones_like(h)
        free = torch.stack([ca, 2.5e-4 * one, 1e-4 * one, 2e-4 * one, 5e-6 * one])
        anions = (2.0 * ca + 8e-4 + h / gamma.h + 3.0 * al - hco3 - 2e-5).clamp(min=0.0)

        # exchanger in equilibrium with that water: fill each site by bisection on ln u
        low, high = torch.full_like(sites, -30.0), torch.full_like(sites, 20.0)
        a_al = k.gibbsite * h * h * h
        for _ in range(turns(60)):
            low, high = enter([low, high], 60)
            middle = 0.5 * (low + high)
            full = self.site_filling(middle, free, gamma, h, a_al, k) > 1.0
            high = torch.where(full, middle, high)
            low, high = leave([torch.where(full, low, middle), high])
        v = 0.5 * (low + high)
        u = torch.exp(v)
        sorbed = self.equilibrium.selectivity * gamma.cations * free
        held = sorbed * self.equilibrium.capacity(sites * u, sites * u * u)
        bases = ordered_sum(sites * self.equilibrium.bases(u, u * u, sorbed), 0) / ordered_sum(sites, 0)
        wanted = torch.where(torch.isnan(s.base_saturation) | (calcite > 0.0), bases, s.base_saturation)
        pools = water * free + held * (wanted / bases)

        guess = torch.cat([torch.log(h).unsqueeze(0), v])
        kinetic = torch.where(calcite > 0.0, 1e3 * one, zero)
        solution = self.cold_solve(pools, anions * water, 1e-5 * water, water, sites, k, t, pco2, kinetic, calcite, guess)
        reacted = water * solution.ca_total - pools[0]
        x = solution.unknowns
        n = anions * water
        known = torch.stack(
            [(calcite - reacted).clamp(min=0.0), pools[0] + reacted, pools[1], pools[2], pools[3], pools[4], 0.5 * n, 0.5 * n,
             1e-5 * water, water * solution.dic + self.gas_capacity(air, s.dz, t) * pco2, f.w_liq + f.w_ice, pco2,
             -x[0] / self.ln10, x[1], x[2], x[3], solution.ionic_strength]
        )  # fmt: skip
        return torch.cat([known, start(water)])

    def site_filling(self, v: Tensor, free: Tensor, gamma: Activity, h: Tensor, a_al: Tensor, k: Constants) -> Tensor:
        """Sum of equivalent fractions on each site [site, layer, column] at exchange potential ``v``."""
        u = torch.exp(v)
        bases = self.equilibrium.bases(u, u * u, self.equilibrium.selectivity * gamma.cations * free)
        aluminium = self.equilibrium.aluminium(v, h, a_al, k.aloh, gamma.cations[3] * free[3])
        return bases + self.equilibrium.proton_affinity * h * u + aluminium

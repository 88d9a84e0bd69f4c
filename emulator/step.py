"""The step: one call advances every column by dt, budgets closed to round-off whatever the network says.

What:    sources -> equilibrium -> learned factors -> transport and gas -> equilibrium -> budgets; see ARCHITECTURE.md.
Units:   as in variables.toml; state and its update float64, network float32. dt 0-d tensor [s], 60 s to one month.
Shapes:  [row, layer, column] in the row order of variables.toml; layer 1 at the surface; columns never see each other.
Source:  DESIGN.md 3; each process cites its own.
Use:     ``step = Step(); state = step.initial_state(static, layer, column); state, out, col, flag = step(state, ...)``
"""

from typing import Final

import torch
from torch import Tensor, nn

from .chemistry import constants
from .chemistry.equilibrium import Activity, Constants, Equilibrium, Problem, Solution
from .core import NoCore
from .ordered import ordered_sum
from .processes.gas import conductance, pressure, pressure_with_water
from .processes.past import drivers, remember, start
from .processes.sources import Sourced, add_sources, alkalinity, top
from .processes.transport import dispersion_conductance, transport
from .processes.water import face_fluxes
from .rows import ColumnForcing, LayerForcing, Static, column_rows, layer_rows, state_rows, static_rows
from .soil import air_fraction, complete, exchange_sites, reactive_water


class Step(nn.Module):
    """The scripted module of a bundle. ``core`` is the learned part; without one this is baseline B0."""

    # numbers as class attributes: TorchScript compiles no module-level values
    GAS_CONSTANT: Final[float] = constants.GAS_CONSTANT
    LN10: Final[float] = constants.LN10
    MOLAR_MASS_C: Final[float] = constants.MOLAR_MASS_C
    MOLAR_MASS_N: Final[float] = constants.MOLAR_MASS_N
    MOLAR_MASS_CACO3: Final[float] = constants.MOLAR_MASS_CACO3
    MOLAR_VOLUME_CALCITE: Final[float] = constants.MOLAR_VOLUME_CALCITE
    REFERENCE_VOLUME: Final[float] = 0.05  # volume fraction of calcite at which calcite_rate is stated (variables.toml)
    NUCLEUS: Final[float] = 1.0e-5  # volume fraction of calcite at the start below which there is none (min3p/deck.py)
    PA_PER_ATM: Final[float] = constants.PA_PER_ATM
    LAB_RATIO: Final[float] = 5.0  # kg of solution per kg of soil in the laboratory suspension (ISO 10390)
    # mol L-1 CaCl2 in it: one in water takes the salt of the sample; 1:2.5 reads as 0.001 M (Edmeades et al. 1990, N. Z. J.
    # Agric. Res. 33, 105-109), so 1:5 as half of that. Our pools hold less: nitrate is gone when soil is sampled
    LAB_WATER: Final[float] = 0.0005
    LAB_CACL2: Final[float] = 0.01

    def __init__(self, core: nn.Module | None = None, thermodynamics: str = "min3p", aluminium: str = "AlX3") -> None:
        super().__init__()
        self.core = NoCore() if core is None else core
        self.equilibrium = Equilibrium(thermodynamics, aluminium)
        self.longest: float = 8.0 * 86400.0  # s; callers cut longer steps into equal parts (rollout.py, columns.cpp)
        self.first: int = 2  # Newton steps before transport
        self.passes: int = 3  # of transport, equilibrium and CO2 pressure
        self.polish: int = 3  # Newton steps in each pass
        self.last: int = 2  # Newton steps at the end
        self.cold: int = 60  # Newton steps from nowhere
        self.d_gas: float = 1.6e-5  # m2 s-1, CO2 in air near 10 degC (as the MIN3P decks)
        self.d_aqueous: float = 1.0e-9  # m2 s-1, ions in water (as the MIN3P decks)
        self.tolerance: float = 1e-4  # of the residual logs: about 1e-4 in pH, the precision of MIN3P's own output

    @torch.jit.export
    def prepare(self, static: Tensor) -> Tensor:
        """Complete the derived static rows."""
        return complete(static)

    @torch.jit.export
    def laboratory_ph(self, static: Tensor, state: Tensor) -> Tensor:
        """Suspension pH in water (with the salt of a sample) and in 0.01 M CaCl2 [2, layer, column], 25 degC, in air."""
        s = static_rows(static)
        x = state_rows(state)
        water = self.LAB_RATIO * s.bulk_density * s.dz
        t = torch.full_like(s.dz, 298.15)
        k = self.equilibrium.constants(t)
        pools = torch.stack([x.ca, x.mg, x.k, x.na, x.nh4])
        sites = exchange_sites(s)
        plenty = torch.full_like(s.dz, 1e6)  # the suspension is shaken until calcite has done its work
        p_air = torch.full_like(s.dz, 4.2e-4)
        guess = torch.stack([-self.LN10 * x.ph, x.site_1, x.site_2, x.site_3])
        rows = []
        for salt in [self.LAB_WATER, self.LAB_CACL2]:
            moles = salt * water
            added = torch.cat([(pools[0] + moles).unsqueeze(0), pools[1:]])
            solution = self.cold_solve(
                added, x.no3 + x.cl + 2.0 * moles, x.so4, water, sites, k, t, p_air, plenty, x.calcite, guess
            )
            rows.append(-solution.unknowns[0] / self.LN10)
        return torch.stack(rows)

    def problem(
        self,
        cations: Tensor,
        anions: Tensor,
        so4: Tensor,
        water: Tensor,
        sites: Tensor,
        kinetic: Tensor,
        forming: Tensor,
        stock: Tensor,
        pco2: Tensor,
    ) -> Problem:
        """Amounts per m2 to amounts per kg of water."""
        w = 1.0 / water
        return Problem(cations * w, anions * w, so4 * w, sites * w, kinetic * w, forming * w, stock * w, pco2)

    def cold_solve(
        self,
        cations: Tensor,
        anions: Tensor,
        so4: Tensor,
        water: Tensor,
        sites: Tensor,
        k: Constants,
        t: Tensor,
        pco2: Tensor,
        kinetic: Tensor,
        stock: Tensor,
        guess: Tensor,
    ) -> Solution:
        """Solve without a good start: many Newton steps, ionic strength iterated."""
        p = self.problem(cations, anions, so4, water, sites, kinetic, kinetic, stock, pco2)
        gamma = self.equilibrium.activity(torch.full_like(water, 0.005), t)
        solution = self.equilibrium(p, k, gamma, guess, torch.full_like(water, 0.8), self.cold)
        for _ in range(3):
            gamma = self.equilibrium.activity(solution.ionic_strength, t)
            solution = self.equilibrium(p, k, gamma, solution.unknowns, solution.sulphate_share, self.cold // 4)
        return solution

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
        calcite = s.caco3 * s.bulk_density * s.dz / self.MOLAR_MASS_CACO3
        source = self.respiration(f, c, s)
        p_air = c.co2_atm * c.p_surf / self.PA_PER_ATM
        up = conductance(s.dz, air, s.porosity, t, self.d_gas)
        zero = torch.zeros_like(s.dz)
        # steady profile: no storage, one second of sources against one second of diffusion
        pco2 = pressure(p_air.expand_as(zero), source, zero, up, p_air, torch.ones_like(c.co2_atm[0]))

        gamma = self.equilibrium.activity(torch.full_like(water, 0.006), t)
        co2 = k.co2_solubility * pco2
        # pH at equilibrium with calcite in water with little else, Ca = HCO3 / 2
        ca_cubed = k.calcite * k.carbonic_1 * co2 / (4.0 * k.carbonic_2 * gamma.cations[0] * gamma.hco3 * gamma.hco3)
        ca_eq = torch.pow(ca_cubed, 1.0 / 3.0)
        h_calcite = k.carbonic_1 * co2 / (2.0 * ca_eq * gamma.hco3)
        h = torch.where(calcite > 0.0, h_calcite, torch.exp(-self.LN10 * s.ph0))
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
        for _ in range(60):
            middle = 0.5 * (low + high)
            full = self.site_filling(middle, free, gamma, h, a_al, k) > 1.0
            high = torch.where(full, middle, high)
            low = torch.where(full, low, middle)
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
             -x[0] / self.LN10, x[1], x[2], x[3], solution.ionic_strength]
        )  # fmt: skip
        return torch.cat([known, start(water)])

    def site_filling(self, v: Tensor, free: Tensor, gamma: Activity, h: Tensor, a_al: Tensor, k: Constants) -> Tensor:
        """Sum of equivalent fractions on each site [site, layer, column] at exchange potential ``v``."""
        u = torch.exp(v)
        bases = self.equilibrium.bases(u, u * u, self.equilibrium.selectivity * gamma.cations * free)
        aluminium = self.equilibrium.aluminium(v, h, a_al, k.aloh, gamma.cations[3] * free[3])
        return bases + self.equilibrium.proton_affinity * h * u + aluminium

    def gas_capacity(self, air: Tensor, dz: Tensor, t: Tensor) -> Tensor:
        """mol m-2 of CO2 in soil air per atm."""
        return air * dz / (self.GAS_CONSTANT * t)

    def respiration(self, f: LayerForcing, c: ColumnForcing, s: Static) -> Tensor:
        """CO2 production per layer [layer, column], mol m-2 s-1; a column total is split by exp(-z / 0.3 m)."""
        bottom = torch.cumsum(s.dz, 0)
        weight = torch.exp(-(bottom - s.dz) / 0.3) - torch.exp(-bottom / 0.3)
        return (f.co2_src + c.co2_src_total * weight / ordered_sum(weight, 0)) / self.MOLAR_MASS_C

    def features(
        self, s: Static, dt: Tensor, water: Tensor, air: Tensor, t: Tensor, q_lower: Tensor, q_top: Tensor, pco2: Tensor,
        p_new: Tensor, kinetic: Tensor, calcite: Tensor, a: Solution, anions: Tensor, dispersion: Tensor, up: Tensor,
        sourced: Sourced, supply: Tensor,
    ) -> Tensor:  # fmt: skip
        """Inputs of the core [feature, layer, column]; names in ``core.FEATURES``."""
        above = torch.cat([q_top.unsqueeze(0), q_lower[:-1]])
        soluble = a.dissolved[0] * water
        anion = torch.log(anions / water + 1e-6)
        si = torch.log(a.saturation.clamp(min=1e-8)).clamp(-8.0, 3.0)
        return torch.stack(
            [
                (torch.log(dt) - 14.0).expand_as(water),
                torch.log(q_lower.abs() * dt / water + 1e-3),
                torch.log(above.abs() * dt / water + 1e-3),
                water / (1000.0 * s.dz * s.porosity),
                torch.log(air),
                (t - 283.0) / 10.0,
                torch.log(p_new),
                torch.log(p_new / pco2),
                torch.log(kinetic / soluble + 1e-3).clamp(max=12.0),
                torch.log(calcite / soluble + 1e-3).clamp(max=10.0),
                -a.unknowns[0] / self.LN10,
                a.base_saturation,
                torch.log(a.dissolved[0]),
                anion,
                torch.cat([anion[:1], anion[:-1]]),
                torch.cat([anion[1:], anion[-1:]]),
                torch.log(sourced.pools[0] / soluble + 1e-3),
                torch.log(dispersion * dt / water + 1e-3),
                torch.log(s.dz),
                torch.asinh(sourced.acid / water * 1e4),
                si,
                torch.cat([si[:1], si[:-1]]),
                torch.cat([si[1:], si[-1:]]),
                torch.log(up * dt + 1e-3),
                torch.cumsum(s.dz, 0),
                torch.log(a.dissolved[3] + 1e-6),
                torch.log(top(supply, water) / water + 1e-4),
            ]
        )

    def forward(
        self, state: Tensor, static: Tensor, forcing_layer: Tensor, forcing_column: Tensor, dt: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Advance by ``dt`` [s]: new state, layer outputs, column outputs, flags [layer, column] int32."""
        s, f, c, x = static_rows(static), layer_rows(forcing_layer), column_rows(forcing_column), state_rows(state)
        t = f.t_soil.clamp(273.15, 313.15)
        water = reactive_water(f.w_liq, s.dz)
        air = air_fraction(s.porosity, f.w_liq, f.w_ice, s.dz)
        sites = exchange_sites(s)
        k = self.equilibrium.constants(t)
        q_lower, q_top = face_fluxes(f.w_liq + f.w_ice, x.water, f.w_sink, f.q_lat, c.q_bot, f.q_if, dt)

        # sources, then the water as it would be without transport
        sourced = add_sources(x, f, c, dt)
        pools, calcite = sourced.pools, sourced.calcite
        anions = pools[5] + pools[6]
        volume = (calcite * self.MOLAR_VOLUME_CALCITE / s.dz).clamp(min=1e-6)
        whole = s.calcite_rate * s.dz * dt
        kinetic = whole * torch.pow(volume / self.REFERENCE_VOLUME, 2.0 / 3.0)
        # grains grow on the area they started with at least, as in the decks; where there were none, on that of the reference
        began = s.caco3 * s.bulk_density * (self.MOLAR_VOLUME_CALCITE / self.MOLAR_MASS_CACO3)
        seat = torch.maximum(volume, torch.where(began > self.NUCLEUS, began, torch.full_like(began, self.REFERENCE_VOLUME)))
        forming = whole * torch.pow(seat / self.REFERENCE_VOLUME, 2.0 / 3.0)
        guess = torch.stack([-self.LN10 * x.ph, x.site_1, x.site_2, x.site_3])
        gamma = self.equilibrium.activity(x.ionic_strength, t)
        given = self.problem(pools[:5], anions, pools[7], water, sites, kinetic, forming, calcite, x.pco2)
        a = self.equilibrium(given, k, gamma, guess, self.equilibrium.sulphate_share(given, k, gamma, guess), self.first)

        # carbon dioxide: a first pressure, the factors of the core, then the pressure of the step
        p_air = c.co2_atm * c.p_surf / self.PA_PER_ATM
        respired = self.respiration(f, c, s)
        in_air = self.gas_capacity(air, s.dz, t)
        up = conductance(s.dz, air, s.porosity, t, self.d_gas)
        carbon = x.dic + dt * respired + top(dt * c.dep_dic, x.dic)
        reacting = water * a.ca_total - pools[0]
        excess = carbon + reacting - water * a.dic - in_air * x.pco2
        p_first = pressure(x.pco2, excess, in_air + water * a.storage_response / x.pco2, up, p_air, dt)

        lime = dt * c.lime / self.MOLAR_MASS_CACO3
        past = remember(torch.stack([x.t_past, x.q_past, x.alk_past]), drivers(t, q_lower, sourced.acid, lime, dt), dt)
        dispersion = dispersion_conductance(s.dz, water, s.porosity, s.dispersivity, q_lower, self.d_aqueous)
        factors, inside = self.core(
            self.features(
                s,
                dt,
                water,
                air,
                t,
                q_lower,
                q_top,
                x.pco2,
                p_first,
                kinetic,
                calcite,
                a,
                anions,
                dispersion,
                up,
                sourced,
                dt * c.dep_ca + lime,
            ),
            (dt / self.longest).clamp(max=1.0),
        )
        lived = self.core.lived(past)
        inside = inside & lived
        scale = torch.exp(factors * lived.to(torch.float64))
        kinetic, forming = kinetic * scale[0], forming * scale[0]

        # Transport and equilibrium after it, repeated: water leaves a layer with the composition of the end of the step, and the
        # pressure is that at which the carbon of every layer adds up. Calcium moves with the calcite that can follow it.
        buffer = torch.minimum(calcite, kinetic)
        total = torch.cat([(pools[:1] + buffer.unsqueeze(0)), pools[1:]])
        passive = (1.0 / water).expand_as(pools[5:])
        mobility = torch.stack([scale[3], scale[3], scale[4], scale[4], scale[4], scale[2], scale[2], scale[2]])
        down = q_lower.clamp(min=0.0) + dispersion
        rising = torch.cat([((-q_lower).clamp(min=0.0) + dispersion)[:-1], torch.zeros_like(dispersion[:1])])
        risen = torch.cat([torch.zeros_like(dispersion[:-1]), (-c.q_bot).clamp(min=0.0).unsqueeze(0)])
        conducted = up * scale[1]
        gamma = self.equilibrium.activity(a.ionic_strength, t)
        p_new, p_then, after, moved, b, leached = p_first, p_first, total, pools, a, pools[:, 0]
        for _ in range(self.passes):
            # calcium at the new pressure; in the first pass p_new = p_then
            calcium = b.dissolved[:1] * torch.exp((b.ca_response / b.dissolved[0] * torch.log(p_new / p_then)).clamp(-1.0, 1.0))
            share = torch.cat([torch.cat([calcium, b.dissolved[1:]]) / after[:5].clamp(min=1e-30), passive])
            after, leached = transport(total, torch.minimum(share, 1.0 / water), q_lower, f.q_lat, dispersion, mobility, dt)
            moved = torch.cat([(pools[:1] + (after[:1] - total[:1])), after[1:]])
            given = self.problem(moved[:5], moved[5] + moved[6], moved[7], water, sites, kinetic, forming, calcite, p_new)
            b = self.equilibrium(given, k, gamma, b.unknowns, b.sulphate_share, self.polish)
            reacting = torch.minimum(water * b.ca_total - moved[0], calcite)
            excess = carbon + reacting - water * b.dic - in_air * p_new + dt * (risen - f.q_lat) * b.dic
            capacity = in_air + water * b.storage_response / p_new
            p_then = p_new
            p_new = pressure_with_water(
                p_new, excess, capacity, conducted, down, rising, b.dic, b.dic_response / p_new, p_air, dt
            )
        given = self.problem(moved[:5], moved[5] + moved[6], moved[7], water, sites, kinetic, forming, calcite, p_new)
        b = self.equilibrium(given, k, gamma, b.unknowns, b.sulphate_share, self.last)
        dissolved = torch.minimum(water * b.ca_total - moved[0], calcite)
        calcite = calcite - dissolved
        dic = water * b.dic + in_air * p_new
        unknowns = b.unknowns
        new_state = torch.cat(
            [
                torch.stack([calcite, moved[0] + dissolved]),
                moved[1:],
                torch.stack([dic, f.w_liq + f.w_ice, p_new, -unknowns[0] / self.LN10]),
                unknowns[1:],
                b.ionic_strength.unsqueeze(0),
                past,
            ]
        )

        # budgets
        dic_leached = dt * (c.q_bot * b.dic[-1] + ordered_sum(f.q_lat * b.dic, 0))
        adjustment = ordered_sum(x.dic - dic + dissolved, 0) + dt * c.dep_dic - dic_leached
        leached_alkalinity = alkalinity(leached)
        output_layer = torch.stack(
            [
                new_state[12],
                self.MOLAR_MASS_C * calcite,
                self.MOLAR_MASS_C * dic,
                self.PA_PER_ATM * p_new,
                b.base_saturation,
                torch.log10(b.saturation.clamp(min=1e-30)),
            ]
        )
        thick = (0.3 - (torch.cumsum(s.dz, 0) - s.dz)).clamp(min=0.0).minimum(s.dz)
        per_second = 1.0 / dt
        output_column = torch.stack(
            [
                ordered_sum(thick * new_state[12], 0) / ordered_sum(thick, 0),
                self.MOLAR_MASS_C * adjustment * per_second,
                self.MOLAR_MASS_C * dic_leached * per_second,
                leached_alkalinity * per_second,
                leached[0] * per_second,
                self.MOLAR_MASS_N * leached[5] * per_second,
                self.MOLAR_MASS_N * leached[4] * per_second,
                self.MOLAR_MASS_N * sourced.n_sink * per_second,
                sourced.ca_sink * per_second,
                ordered_sum(sourced.acid, 0) * per_second,
                ordered_sum(dissolved, 0) * per_second,
            ]
        )
        unconverged = b.residual > self.tolerance
        outside = ~inside
        flag = sourced.limited.to(torch.int32) + outside.to(torch.int32) * 6 + unconverged.to(torch.int32) * 8
        return new_state, output_layer, output_column, flag

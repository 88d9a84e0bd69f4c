"""The step: one call advances every column by dt, budgets closed to round-off whatever the network says.

What:    sources -> equilibrium -> learned factors -> transport and gas -> equilibrium -> budgets; see ARCHITECTURE.md.
Units:   as in variables.toml; state and its update float64, network float32. dt 0-d tensor [s], 60 s to one month.
Shapes:  [row, layer, column] in the row order of variables.toml; layer 1 at the surface; columns never see each other.
Source:  DESIGN.md 3; each process cites its own.
Use:     ``step = Step(); state = step.initial_state(static, layer, column); state, out, col, flag = step(state, ...)``
"""

import torch
from torch import Tensor

from ..chemistry.equilibrium import Solution
from ..contract.constants import LONGEST_SUBSTEP
from ..contract.ordered import ordered_sum
from ..contract.rows import Static, column_rows, layer_rows, state_rows, static_rows
from ..processes.gas import conductance, pressure, pressure_with_water
from ..processes.past import drivers, remember
from ..processes.soil import air_fraction, exchange_sites, reactive_water
from ..processes.sources import Sourced, add_sources, alkalinity, top
from ..processes.transport import dispersion_conductance, transport
from ..processes.water import face_fluxes
from .correction import Core, NoCore
from .initial_state import FirstState
from .laboratory import Laboratory


class Step(FirstState, Laboratory):
    """The scripted module of a bundle. ``core`` is the learned part; without one this is baseline B0."""

    def __init__(self, core: Core | NoCore | None = None, thermodynamics: str = "min3p", aluminium: str = "AlX3") -> None:
        super().__init__(thermodynamics, aluminium)
        self.core = NoCore() if core is None else core
        self.longest: float = LONGEST_SUBSTEP  # s; callers cut longer steps into equal parts (rollout.py, subcycle.cpp)
        self.first: int = 2  # Newton steps before transport
        self.passes: int = 3  # of transport, equilibrium and CO2 pressure
        self.polish: int = 3  # Newton steps in each pass
        self.last: int = 2  # Newton steps at the end
        self.d_aqueous: float = 1.0e-9  # m2 s-1, ions in water (as the MIN3P decks)
        self.reference_volume: float = 0.05  # volume fraction of calcite at which calcite_rate is stated (variables.toml)
        self.nucleus: float = 1.0e-5  # volume fraction of calcite at the start below which there is none (min3p/deck.py)
        self.tolerance: float = 1e-4  # of the residual logs: about 1e-4 in pH, the precision of MIN3P's own output

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
                -a.unknowns[0] / self.ln10,
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
        volume = (calcite * self.molar_volume_calcite / s.dz).clamp(min=1e-6)
        whole = s.calcite_rate * s.dz * dt
        kinetic = whole * torch.pow(volume / self.reference_volume, 2.0 / 3.0)
        # grains grow on the area they started with at least, as in the decks; where there were none, on that of the reference
        began = s.caco3 * s.bulk_density * (self.molar_volume_calcite / self.molar_mass_caco3)
        seat = torch.maximum(volume, torch.where(began > self.nucleus, began, torch.full_like(began, self.reference_volume)))
        forming = whole * torch.pow(seat / self.reference_volume, 2.0 / 3.0)
        guess = torch.stack([-self.ln10 * x.ph, x.site_1, x.site_2, x.site_3])
        gamma = self.equilibrium.activity(x.ionic_strength, t)
        given = self.problem(pools[:5], anions, pools[7], water, sites, kinetic, forming, calcite, x.pco2)
        a = self.equilibrium(given, k, gamma, guess, self.equilibrium.sulphate_share(given, k, gamma, guess), self.first)

        # carbon dioxide: a first pressure, the factors of the core, then the pressure of the step
        p_air = c.co2_atm * c.p_surf / self.pa_per_atm
        respired = self.respiration(f, c, s)
        in_air = self.gas_capacity(air, s.dz, t)
        up = conductance(s.dz, air, s.porosity, t, self.d_gas)
        carbon = x.dic + dt * respired + top(dt * c.dep_dic, x.dic)
        reacting = water * a.ca_total - pools[0]
        excess = carbon + reacting - water * a.dic - in_air * x.pco2
        p_first = pressure(x.pco2, excess, in_air + water * a.storage_response / x.pco2, up, p_air, dt)

        lime = dt * c.lime / self.molar_mass_caco3
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
                torch.stack([dic, f.w_liq + f.w_ice, p_new, -unknowns[0] / self.ln10]),
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
                self.molar_mass_c * calcite,
                self.molar_mass_c * dic,
                self.pa_per_atm * p_new,
                b.base_saturation,
                torch.log10(b.saturation.clamp(min=1e-30)),
            ]
        )
        thick = (0.3 - (torch.cumsum(s.dz, 0) - s.dz)).clamp(min=0.0).minimum(s.dz)
        per_second = 1.0 / dt
        output_column = torch.stack(
            [
                ordered_sum(thick * new_state[12], 0) / ordered_sum(thick, 0),
                self.molar_mass_c * adjustment * per_second,
                self.molar_mass_c * dic_leached * per_second,
                leached_alkalinity * per_second,
                leached[0] * per_second,
                self.molar_mass_n * leached[5] * per_second,
                self.molar_mass_n * leached[4] * per_second,
                self.molar_mass_n * sourced.n_sink * per_second,
                sourced.ca_sink * per_second,
                ordered_sum(sourced.acid, 0) * per_second,
                ordered_sum(dissolved, 0) * per_second,
            ]
        )
        unconverged = b.residual > self.tolerance
        outside = ~inside
        flag = sourced.limited.to(torch.int32) + outside.to(torch.int32) * 6 + unconverged.to(torch.int32) * 8
        return new_state, output_layer, output_column, flag

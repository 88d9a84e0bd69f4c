"""The step: one call advances every column by dt, budgets closed to round-off whatever the network says.

What:    sources, equilibrium, learned factors, transport with gas and equilibrium again, budgets: ``Step.forward``, part by part.
Units:   as in variables.toml; state and its update float64, network and searches float32. dt 0-d tensor [s], 60 s to one month.
Shapes:  [row, layer, column] in the row order of variables.toml; layer 1 at the surface; columns never see each other.
Source:  each process and part cites its own.
Use:     ``step = Step(); state = step.initial_state(static, layer, column); state, out, col, flag = step(state, ...)``
"""

import torch
from torch import Tensor

from ..contract.constants import LONGEST_SUBSTEP
from ..contract.rows import ColumnForcing, LayerForcing, State, Static, column_rows, layer_rows, state_rows, static_rows
from ..processes.aluminium import with_aluminium
from ..processes.calcite import CalciteRates, calcite_rates
from ..processes.recent_climate import climate_of, drivers, running_mean
from ..processes.soil import air_fraction, exchange_sites, reactive_water
from ..processes.sources import add_sources, liming
from ..processes.transport import dispersion_conductance
from ..processes.water import face_fluxes
from .correction import Core, NoCore
from .coupling import Coupling
from .features import Features, features
from .initial_state import FirstState
from .laboratory import Laboratory
from .outputs import budgets, column_outputs, flags, layer_outputs, new_state
from .records import Correction, Environment
from .soil_air import soil_air


class Step(FirstState, Laboratory, Coupling):
    """The scripted module of a bundle. ``core`` is the learned part; without one this is baseline B0."""

    def __init__(self, core: Core | NoCore | None = None, thermodynamics: str = "min3p", aluminium: str = "AlX3") -> None:
        super().__init__(thermodynamics, aluminium)
        self.core = NoCore() if core is None else core
        self.longest: float = LONGEST_SUBSTEP  # s; callers cut longer steps into equal parts (rollout.py, subcycle.cpp)

    def forward(
        self, state: Tensor, static: Tensor, forcing_layer: Tensor, forcing_column: Tensor, dt: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Advance by ``dt`` [s]: new state, layer outputs, column outputs, flags [layer, column] int32.

        Shapes: state [slot, layer, column], static [row, layer, column] from ``prepare``, forcing [row, layer, column] and
        [row, column], outputs alike; rows and units as in variables.toml.
        """
        s, f, c, x = static_rows(static), layer_rows(forcing_layer), column_rows(forcing_column), state_rows(state)
        env = self.environment(s, f, c, x, dt)

        # sources and sinks; then pore water and soil air as they would be without transport
        sourced = add_sources(x, f, c, dt)
        rates = calcite_rates(s, sourced.calcite, dt)
        still = self.still_water(x, sourced, rates, env)
        air = soil_air(s, f, c, x, env, sourced, still)

        # the learned core, told what a long step and thick layers smear out, and whether it knows such a climate
        lime = liming(c, dt)
        climate = running_mean(climate_of(x), drivers(env.t, env.q_lower, sourced.acid, lime, dt), dt)
        dispersion = dispersion_conductance(s, env.water, env.q_lower)
        told = features(s, env, sourced, rates, still, air, dispersion, dt * c.dep_ca + lime)
        learned = self.correct(told, climate, rates, dt)

        # transport, equilibrium and carbon dioxide until they agree
        end = self.couple(env, sourced, rates, air, still, dispersion, learned.factors)

        # what the host gets back
        after = new_state(f, end, climate)
        left = budgets(c, x, env, end)
        layers = torch.stack(layer_outputs(end, after))
        columns = torch.stack(column_outputs(s, dt, sourced, end, after, left))
        return after, layers, columns, flags(sourced.limited, learned.inside, end.solution.left)

    def environment(self, s: Static, f: LayerForcing, c: ColumnForcing, x: State, dt: Tensor) -> Environment:
        """Water, air, heat and exchanger of every layer in this step; temperature within the range of the constants."""
        t = f.t_soil.clamp(273.15, 313.15)
        water = reactive_water(f.w_liq, s.dz)
        air = air_fraction(s.porosity, f.w_liq, f.w_ice, s.dz)
        sites = exchange_sites(s)
        k = with_aluminium(self.equilibrium.constants(t), s)
        q_lower, q_top = face_fluxes(f.w_liq + f.w_ice, x.water, f.w_sink, f.q_lat, c.q_bot, f.q_if, dt)
        return Environment(dt, t, water, air, sites, k, q_lower, q_top, f.q_lat, c.q_bot)

    def correct(self, told: Features, climate: Tensor, rates: CalciteRates, dt: Tensor) -> Correction:
        """Factors of the learned core: 1, with ``inside`` false, in a cell unlike those of the training.

        There calcite formed at saturation: a core does not know it to wait.
        """
        log_factors, inside = self.core(torch.stack(told), (dt / self.longest).clamp(max=1.0))
        within = self.core.within_training_climate(climate) & (rates.forming_above <= 1.0)
        inside = inside & within
        factors = torch.exp(log_factors.float()).double()
        return Correction(torch.where(within, factors, torch.ones_like(factors)), inside)

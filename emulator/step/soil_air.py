"""Carbon dioxide of the soil air before anything moves with water: what there is, what holds it, and a first pressure.

What:    inorganic carbon after respiration and deposition, and the pressure at which diffusion, soil air and pore water would
         hold it; the learned core sees that pressure and the passes of coupling.py start from it.
Units:   pressures atm, carbon mol m-2. Shapes [layer, column]; the pressure above the soil [column].
Source:  processes/gas.py, processes/respiration.py.
Use:     ``air = soil_air(s, f, c, x, env, sourced, still)``; no __future__ annotations here, TorchScript cannot read them
"""

from ..chemistry.equilibrium import Solution
from ..chemistry.ions import calcium
from ..contract.rows import ColumnForcing, LayerForcing, State, Static
from ..processes.gas import conductance, gas_capacity, pressure, pressure_above
from ..processes.respiration import respiration
from ..processes.soil import in_top_layer
from ..processes.sources import Sourced
from .records import Environment, SoilAir


def soil_air(
    s: Static, f: LayerForcing, c: ColumnForcing, x: State, env: Environment, sourced: Sourced, still: Solution
) -> SoilAir:
    """Soil air before transport; ``still``: pore water after the sources at the pressure of the last step, ``x.pco2``."""
    p_air = pressure_above(c)
    respired = respiration(f, c, s)
    in_air = gas_capacity(env.air, s.dz, env.t)
    upward = conductance(s.dz, env.air, s.porosity, env.t)
    carbon = x.dic + env.dt * respired + in_top_layer(env.dt * c.dep_dic, x.dic)
    reacting = env.water * still.ca_total - calcium(sourced.pools)
    excess = carbon + reacting - env.water * still.dic - in_air * x.pco2
    p_first = pressure(x.pco2, excess, in_air + env.water * still.storage_response / x.pco2, upward, p_air, env.dt)
    return SoilAir(p_air, x.pco2, p_first, carbon, in_air, upward)

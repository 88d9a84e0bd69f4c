"""One run of somebody else's in the terms of a soil column: pools, exchanger, water, what crosses the ends, what reacts.

Units:   pools mol m-2; water kg m-2; amounts mol m-2 or m per interval; pressures atm.
Shapes:  [time, layer] from the surface down, or [time]; time 0 is the start, as MIN3P prints it.
Source:  totals are dissolved + exchangeable + gas, as in ``learning``; file formats of MIN3P 2.6.2.
Use:     ``state = RunState(run, mapping, database); state.pool("ca")``; raises InputError where an output says something else
"""

from __future__ import annotations

import numpy as np

from ...contract.errors import InputError
from ..learning import GAS_CONSTANT
from .cell_outputs import CellOutputs
from .companions import read_temperature
from .database import Database
from .exchange import exchange_name, sites_of
from .inventory import Run
from .mapping import UNITS_AS_WRITTEN, Mapping
from .outputs import OutputError, Outputs
from .reactions import Reactions
from .scan import WHOLE
from .setup import DAYS
from .snapshot_fluxes import by_water, rain_concentrations, velocity_at_bottom

CELL_INTERVAL = 1.0
"""Days between the states taken from cells printed at every step, where the map says nothing of `every`."""
PCO2_INPUT_LOG_K = 18.16
"""MIN3P turns a 'pco2' of the deck into a concentration with this constant (phcorr.F90), whatever its database says."""


class RunState:
    """The outputs of a run, read as they are asked for."""

    def __init__(self, run: Run, mapping: Mapping, database: Database) -> None:
        assert run.setup is not None
        self.setup, self.mapping, self.database = run.setup, mapping, database
        if run.setup.time_unit not in DAYS:
            raise InputError(f"the deck counts time in {run.setup.time_unit!r}; known are {', '.join(DAYS)}")
        self.notes: list[str] = []
        self.out = self._outputs(run)
        self.out.check_units(mapping.learn.get("units") == UNITS_AS_WRITTEN)
        self.reactions = Reactions(self.out, run.setup, database)
        self.thickness = run.setup.thickness
        self.theta = self.out.profile("gsp", "theta_a")
        if np.allclose(self.theta[0], 0.0):
            self.theta[0] = self.theta[1]
        self.litres = self.theta * self.thickness * 1e3
        stated = self.out.has("gsm", "temperature")
        self.celsius = self.out.profile("gsm", "temperature") if stated else np.full_like(self.theta, run.setup.temperature)
        self.pressure = self.out.profile("gsg", "co2(g)")
        self.mean_celsius = self._mean_temperature(run)

    def _outputs(self, run: Run) -> Outputs:
        """Profiles at the outputs, or the cells at every step where these were printed in their place."""
        setup, in_days = self.setup, DAYS[self.setup.time_unit]
        if not run.by_cell:
            times = np.array([setup.days(t) for t in [setup.start, *setup.outputs]])
            return Outputs(run.files, times, setup.layers, in_days)
        every = float(self.mapping.learn.get("every", CELL_INTERVAL))
        count = int((setup.end - setup.start) * in_days / every + 1e-6)
        times = setup.start * in_days + every * np.arange(count + 1)
        scale: dict[str, np.ndarray] = {}
        last = setup.fractions[-1] if len(setup.fractions) else np.empty(0)
        for i, site in enumerate(sites_of(setup)):
            if len(setup.sites) > 1 and last[i] > 0.0:
                factor = setup.fractions[:, i] / last[i]
                scale |= {s: factor for s in setup.sorbed if (p := exchange_name(s)) and p.site == site}
        if scale:
            self.notes.append("exchangeable ions by step carry the site fractions of the last zone (MIN3P 2.6); put back")
        return CellOutputs(run.files, times, setup.layers, in_days, scale)

    def _mean_temperature(self, run: Run) -> np.ndarray:
        """Of each interval [time, layer], from the table that drives the run; without one that at the outputs."""
        table = run.files.companion(".tem")
        if table is None or not any(".tem" in drive for drive in self.setup.drives):
            return self.celsius
        top = np.concatenate([[0.0], np.cumsum(self.thickness)[:-1]])
        elevation = self.setup.bottom + self.thickness.sum() - (top + 0.5 * self.thickness)
        return read_temperature(table).means(self.out.times / self.out.in_days, elevation)

    # ------------------------------------------------------------------------------------------------ state
    def exchangeable(self, component: str) -> np.ndarray:
        """mol m-2 of a component on the exchanger."""
        soil = self.setup.bulk_density * 1e3 * self.thickness * 1e-2
        total = np.zeros_like(self.theta)
        for species in self.setup.sorbed:
            parts, entry = exchange_name(species), self.database.sorbed.get(species)
            if parts is None or entry is None:
                continue
            own = 1.0 if parts.ion == "na" else entry.takes.get(component, 0.0)
            if own and (parts.ion == "na") == (component == "na+1"):
                total = total + self.out.profile("gsb", species) * soil * own / max(entry.charge, 1.0)
        return total

    def pool(self, pool: str) -> np.ndarray:
        """A conserved total [time, layer]; zero where the archive has no such component."""
        component = self.mapping.component(pool)
        if not component:
            return np.zeros_like(self.theta)
        dissolved = self.out.profile("gst", component)
        if dissolved.min() < 0.0:
            raise OutputError(
                f"the dissolved total of {component} is {dissolved.min():.3g} mol/L in some output; it cannot be negative"
            )
        total = dissolved * self.litres + self.exchangeable(component)
        if pool == "dic":
            air = np.maximum(self.setup.porosity - self.theta, 0.0) * self.thickness
            total = total + self.pressure / (GAS_CONSTANT * (self.celsius + 273.15)) * air
        return total

    def calcite(self) -> np.ndarray:
        """mol m-2 of all minerals that are calcite."""
        return sum(
            (self.out.profile("gsv", m) * self.thickness / self.reactions.entry(m).molar_volume for m in self.mapping.calcite),
            np.zeros_like(self.theta),
        )

    def potentials(self) -> dict[str, np.ndarray]:
        """ln of (share of Na on a site / dissolved Na), where the solver starts; a site that is not there takes the last."""
        sodium = np.maximum(self.out.profile("gst", self.mapping.component("na") or "na+1"), 1e-12)
        ranked = {word: site for site, word in self.mapping.sites.items()}
        found: dict[str, np.ndarray] = {}
        for slot, word in (("site_1", "permanent"), ("site_2", "variable"), ("site_3", "second variable")):
            site = ranked.get(word)
            if site is None:
                found[slot] = found[f"site_{int(slot[-1]) - 1}"]
                continue
            amounts = {s: self.out.profile("gsb", s) for s in self.setup.sorbed if (p := exchange_name(s)) and p.site == site}
            held = next((v for s, v in amounts.items() if s.startswith("na-")), None)
            if held is None:
                raise OutputError(f"no Na on the exchange site {site!r}; it is what the other ions are counted against")
            found[slot] = np.log(np.maximum(held, 1e-12) / np.maximum(sum(amounts.values()) * sodium, 1e-12))
        return found

    # ------------------------------------------------------------------------------------------------ what moves
    def extents(self) -> dict[str, np.ndarray]:
        """Every reaction that moves something [time, layer], minerals too."""
        sources = list(self.mapping.sources)
        present = [*self.setup.minerals, *self.setup.reactions]
        unknown = [n for n in sources if n in present and not self.reactions.has_budget(n)]
        return {name: self.reactions.extent(name, unknown) for name in present}

    @property
    def has_budgets(self) -> bool:
        """Whether the components' budgets were written."""
        return "mac" in self.out.files.sizes

    def water(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Water in, out, and taken by roots and evaporation [time], m per interval."""
        if "mvc" not in self.out.files.sizes:
            leaving = velocity_at_bottom(self.out)
            stored = (np.diff(self.theta, axis=0, prepend=self.theta[:1]) * self.thickness).sum(1)
            return leaving + stored, leaving, np.zeros_like(leaving)
        names, _ = self.out.table("mvc", WHOLE)
        taken = [i for i, n in enumerate(names) if i > 2 and any(w in n.lower() for w in ("root", "evap", "transpir"))]
        entering, leaving = (self.out.rate_budget("mvc", WHOLE, k) for k in (1, 2))
        return entering, leaving, sum((self.out.rate_budget("mvc", WHOLE, k) for k in taken), np.zeros_like(entering))

    def flows(self, pool: str) -> tuple[np.ndarray, np.ndarray]:
        """What enters and leaves the column of a pool with water [time]."""
        component = self.mapping.component(pool)
        if not component:
            return np.zeros(len(self.out.times)), np.zeros(len(self.out.times))
        if not self.has_budgets:
            entering, leaving, _ = self.water()
            return by_water(self.out, entering, leaving, component, rain_concentrations(self.setup))
        index = self.setup.components.index(component) + 1
        cumulated = [self.out.budget("mac", index, f"total mass {way} [mol/elapsed time]") for way in ("influx", "outflux")]
        return cumulated[0], cumulated[1]

    def gas(self, carbon_left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """CO2 that enters and leaves through the surface [time]; ``carbon_left`` is what else of the carbon must have left."""
        if not self.has_budgets:
            return np.maximum(-carbon_left, 0.0), np.maximum(carbon_left, 0.0)
        index = self.setup.components.index(self.mapping.component("dic")) + 1
        names, _ = self.out.table("mac", index)
        found = []
        for way in ("influx", "outflux"):
            column = f"total mass {way} (gas phase) [mol/elapsed time]"
            found.append(self.out.budget("mac", index, column) if column in names else np.zeros(len(self.out.times)))
        return found[0], found[1]

    def air_pressure(self) -> np.ndarray:
        """CO2 pressure above the soil [time], atm: MIN3P holds the concentration that the deck's value gave."""
        value, kind = self.setup.rain.get(self.mapping.component("dic"), (np.nan, ""))
        if kind != "pco2":
            raise OutputError(
                f"the top boundary states co3-2 as {kind or 'nothing'!r}, not as 'pco2': the CO2 of the air is unknown"
            )
        gas = self.database.gases["co2(g)"]
        mean = self.setup.temperature + 273.15
        log_k = gas.log_k + gas.enthalpy / (1.987e-3 * np.log(10.0)) * (1.0 / 298.15 - 1.0 / mean)
        return value * 10.0 ** (log_k - PCO2_INPUT_LOG_K) * (self.celsius[:, 0] + 273.15) / mean

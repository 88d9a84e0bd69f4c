"""The deck of a MIN3P run for a Column: the blocks of ``soil.dat``, in the order MIN3P reads them.

What:    what is simulated (components, complexes, minerals, sites), the numerical choices, and the text that says so.
Units:   MIN3P's: days, m, mol/L water, mol/(L bulk)/s, meq/100 g, g/cm3, degC; conversions from SI happen here alone.
Traps:   elevation counts upward, boundary zones must hit cell centres, free drainage takes a head gradient of 1, the
         mixed boundary must exclude diffusion of solutes, and months start and end with a short step (EDGE).
Source:  MIN3P-THCm user manual (2019); 'intermittent reactions' and 'use double precision' are documented in its source only.
Use:     ``Deck(column, DeckOptions()).written()``; write_run.py puts it into a folder with its companions
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..contract.constants import SECONDS_PER_DAY
from .column import MONTH_DAYS, Column
from .database import CALCITE_DENSITY, PREFIX, SITES, fit, van_t_hoff

STEM = "soil"
EDGE = 0.02
"""d; length of the last step of a month and of the first.

Last: when MIN3P writes its output it sets the soil air to that of the new water content (outputvs.F90), while the step booked
the air of the step before; the CO2 of one step's change of water is lost. The loss is proportional to that step (measured:
3.6e-5 of the carbon throughput at 10 d, 4.6e-6 at 0.5 d, 4.6e-7 at 0.05 d). First: a step takes the rate factor valid at its
end, so a factor row this long after the month's start makes the first step of the month the first one with the new factor."""
COMPONENTS = ("al+3", "ca+2", "mg+2", "k+1", "na+1", "nh4+1", "cl-1", "so4-2", "no3-1", "co3-2", "h+1")
COMPLEXES = (
    "oh-", "hco3-", "h2co3aq", "cahco3+", "caco3aq", "caso4aq", "mghco3+", "mgco3aq", "mgso4aq", "nh3aq",
    "hso4-", "nahco3aq", "naso4-", "kso4-", "nh4so4-", "aloh+2", "al(oh)2+", "al(oh)3aq", "al(oh)4-", "also4+",
)  # fmt: skip
SITE_IONS = {"x": ("na", "ca", "mg", "k", "nh4", "h", "aloh")}
"""Ions of the permanent-charge site; the variable-charge sites take VARIABLE_IONS."""
VARIABLE_IONS = ("na", "ca", "mg", "h")
MINERALS = ("calcite", "gypsum", "gibbsite(c)")
_START = {"mg+2": 2.5e-4, "k+1": 1.0e-4, "na+1": 2.0e-4, "nh4+1": 5e-6, "no3-1": 2e-4, "so4-2": 3e-4, "cl-1": 2e-4}
START_WATER = {"calcareous": {"ca+2": 2.0e-3, **_START}, "decalcified": {"ca+2": 8.0e-4, **_START}}
"""mol/L of the first pore water; calcium is moved to close the charge."""
REFERENCE_PHI = 0.05
"""Volume fraction of calcite at which ``calcite_rate`` is stated (variables.toml)."""
CALCITE_FLOOR = 1.0e-7
"""Volume fraction MIN3P never goes below (3e-3 mol m-3).

With its usual 1e-10 a layer that runs empty leaves 1e-4 of the Ca unbalanced."""

INPUT_LOG_K_CO2 = 18.16
"""log10 K of CO3 + 2 H = CO2(g) + H2O that MIN3P applies to a 'pco2' input at any temperature (phcorr.F90)."""


def pco2_input(pressure: float, celsius: float) -> float:
    """The 'pco2' to write for a ``pressure`` [atm] at ``celsius``.

    MIN3P converts its input with INPUT_LOG_K_CO2, then takes the database's constant: written as it is, the atmosphere of a
    column at 1 degC would hold a third more CO2 than asked for.
    """
    return pressure * 10.0 ** (INPUT_LOG_K_CO2 - float(van_t_hoff(*fit("co2(g)"), celsius + 273.15)))


NUCLEUS = 1.0e-5
"""Volume fraction below which calcite counts as absent at the start (0.03 mol m-2 in a layer of 10 cm)."""


@dataclass(frozen=True)
class DeckOptions:
    """Numerical choices; the defaults are those of the ensemble."""

    sites: dict[str, float] = field(default_factory=lambda: dict(SITES))
    dt_max: float = MONTH_DAYS / 3.0  # d
    tolerance: float = 1.0e-9  # of a step's mass balance; 1e-7 leaves Ca open by 1e-6 in one run of ten, at the same cost
    newton_max: int = 12
    per_step: bool = False  # every layer at every step (.gb? files); monthly snapshots hold all the ensemble needs


def sorbed_species(sites: dict[str, float]) -> list[str]:
    """Names of the exchangeable species, site by site."""
    return [f"{ion}-{site}(na)" for site in sites for ion in SITE_IONS.get(site, VARIABLE_IONS)]


def _fortran(value: float) -> str:
    return f"{value:.9e}"


def calcite_volume(column: Column) -> np.ndarray:
    """Volume fraction of calcite [layer] at the start."""
    return column.caco3 * column.bulk_density / CALCITE_DENSITY


def _calcite_line(phi: float, rate: float, supplied: bool) -> list[str]:
    """Mineral input of one cell. ``rate`` mol m-3 s-1 at the reference volume fraction; ``supplied``: lime may come.

    Area follows the two-thirds law. Calcite that is absent at the start may form, on the area of a whole volume, and dissolves by
    the same law ('twothird-mix' of a secondary mineral; an absent 'constant' mineral would form but never dissolve). Where lime
    may arrive in a cell that has run empty, precipitation must not wait for surface either: there it has the start area.
    """
    if phi <= max(CALCITE_FLOOR, NUCLEUS):
        whole = rate * 1.0e-3 * REFERENCE_PHI ** (-2.0 / 3.0)  # mol/(L bulk)/s at a volume fraction of one
        return ["0.0 .false. 'twothird-mix'", f"{CALCITE_FLOOR:.1e} {_fortran(whole)} 0.0 {NUCLEUS:.1e}"]
    effective = rate * 1.0e-3 * (phi / REFERENCE_PHI) ** (2.0 / 3.0)  # mol/(L bulk)/s
    if supplied:
        return [f"{phi:.9e} .false. 'twothird-mix'", f"{CALCITE_FLOOR:.1e} {_fortran(effective)} 0.0 {NUCLEUS:.1e}"]
    return [f"{phi:.9e} .false. 'twothird'", f"{CALCITE_FLOOR:.1e} {_fortran(effective)} 0.0"]


class Deck:
    """Collects the lines of ``soil.dat``, block by block, in the order MIN3P reads them."""

    factor_delay = EDGE  # d; a row of rate factors stands this long after the interval it is for begins

    def __init__(self, column: Column, options: DeckOptions) -> None:
        self.column, self.options = column, options
        self.lines: list[str] = ["! 1-D soil column, written by calcisol"]
        self.height = float(column.thickness.sum())
        self.active = list(column.sources)
        self.minerals = [*MINERALS, *(PREFIX + name for name in self.active)]

    def written(self) -> str:
        """The text of ``soil.dat``. Once: a second call would add every block again."""
        for block in (self.control, self.solvers, self.output, self.medium, self.flow, self.chemistry):
            block()
        return "\n".join(self.lines) + "\n"

    def add(self, *lines: str) -> None:
        self.lines.extend(lines)

    def done(self) -> None:
        self.add("'done'", "")

    def _cell_extent(self, layer: int) -> str:
        z = self.height - self.column.centre[layer]
        return f"0.0 1.0 0.0 1.0 {z:.12f} {z:.12f}"

    def control(self) -> None:
        c = self.column
        self.add("'global control parameters'", "'soil column'", ".true.", ".false.", ".false.", ".true.", "")
        self.add("'backup frequency'", "1000000")
        self.done()
        self.add("'geochemical system'", "'use new database format'", "'database directory'", "'db'")
        self.add("'define temperature'", f"{c.mean_temperature:.4f}", "'define temperature field'")
        sorbed = sorbed_species(self.options.sites)
        for title, names in (
            ("components", COMPONENTS),
            ("secondary aqueous species", COMPLEXES),
            ("gases", ("co2(g)",)),
            ("surface sites of ion-exchange", [f"-{s}" for s in self.options.sites]),
            ("sorbed species of ion-exchange", sorbed),
            ("minerals", self.minerals),
        ):
            self.add(f"'{title}'", str(len(names)), *[f"'{n}'" for n in names])
        self.done()
        self.add("'spatial discretization'", "1", "1", "0.0 1.0", "1", "1", "0.0 1.0", str(c.layers))
        for layer in reversed(range(c.layers)):
            self.add("1", f"{self.height - c.bottom[layer]:.9f} {self.height - c.top[layer]:.9f}")
        self.add("'full cells'")
        self.done()
        self.add("'time step control - global system'", "'days'", "0.0", f"{c.months * c.interval_days:.6f}")
        self.add(f"{self.options.dt_max + 1e-6:.8g}", "1.0d-6")
        self.done()

    def solvers(self) -> None:
        o = self.options
        self.add("'control parameters - local geochemistry'", "'newton iteration settings'", "1.d-6", "1.d-8")
        self.add("'maximum ionic strength'", "2.0", "'minimum activity for h2o'", "0.5")
        self.done()
        self.add("'control parameters - variably saturated flow'", "'mass balance'")
        self.add("'input units for boundary and initial conditions'", "'pressure head'", "'centered weighting'")
        self.add("'compute underrelaxation factor'", "10.0", "'newton iteration settings'", "1.0d-6", "100", "1.0d-6", "0.3")
        self.add("'solver settings'", "0", "100", "0", "1.0d-10", "1.0d-10")
        self.done()
        self.add("'control parameters - reactive transport'", "'mass balance'", "'spatial weighting'", "'upstream'")
        self.add("'activity update settings'", "'time_lagged'", "'tortuosity correction'", "'millington'")
        self.add("'gas tortuosity correction'", "'millington-2'")
        self.add("'newton iteration settings'", "1.d-6", str(o.newton_max), "30", "0.5", "1.0", f"{o.tolerance:.2e}")
        self.add("'solver settings'", "0", "100", "0", "1.d-9", "1.d-9")
        self.done()

    def output(self) -> None:
        c = self.column
        self.add("'output control'", "'use double precision'", "'output of spatial data'", str(c.months))
        times = [f"{(i + 1) * c.interval_days:.6f}" for i in range(c.months)]
        self.add(*(" ".join(times[i : i + 4]) for i in range(0, len(times), 4)))
        if self.options.per_step:
            self.add("'output of transient data'", f"{c.layers}", "1")
            cells = [str(i + 1) for i in range(c.layers)]
            self.add(*(" ".join(cells[i : i + 4]) for i in range(0, len(cells), 4)))
        self.done()

    def medium(self) -> None:
        c, vg = self.column, self.column.retention
        extent = f"0.0 1.0 0.0 1.0 0.0 {self.height:.9f}"
        self.add("'physical parameters - porous medium'", "1", "'number and name of zone'", "1", "'soil'", f"{c.porosity:.6f}")
        self.add("'extent of zone'", extent, "'end of zone'")
        self.done()
        self.add("'physical parameters - variably saturated flow'", "'soil'", "'hydraulic conductivity in z-direction'")
        self.add(f"{vg.k_sat:.6e}", "'specific storage coefficient'", "1.0d-12", "'soil hydraulic function parameters'")
        self.add(f"{vg.residual:.6f}", f"{vg.alpha:.6f}", f"{vg.n:.6f}", "0.5", "0.0", "'end of zone'")
        self.done()
        self.add("'physical parameters - reactive transport'", "'diffusion coefficients'", "1.0e-09", "1.6e-05", "'soil'")
        self.add("'longitudinal dispersivity'", f"{c.dispersivity:.5e}", "'end of zone'")
        self.done()

    def flow(self) -> None:
        c = self.column
        flux = float(c.drainage.mean()) / (c.interval_days * SECONDS_PER_DAY)  # m/s
        self.add(
            "'initial condition - variably saturated flow'", "1", "'number and name of zone'", "1", "'all'", "'initial condition'"
        )
        self.add(
            f"{c.retention.head_at_flux(flux):.6e}", "'extent of zone'", f"0.0 1.0 0.0 1.0 0.0 {self.height:.9f}", "'end of zone'"
        )
        self.done()
        self.add(
            "'boundary conditions - variably saturated flow'", "2", "'number and name of zone'", "1", "'top'", "'boundary type'"
        )
        self.add(f"'second' {flux:.6e}", "'extent of zone'", self._cell_extent(0), "'end of zone'")
        self.add("'number and name of zone'", "2", "'bottom'", "'boundary type'", "'free-drainage' 1.0")
        self.add("'extent of zone'", self._cell_extent(c.layers - 1), "'end of zone'", "'transient boundary conditions'")
        self.done()

    def _water(self, values: dict[str, float], pco2: float, ph: float, balance: str) -> None:
        for component in COMPONENTS:
            if component == "co3-2":
                self.add(f"{pco2_input(pco2, self.column.mean_temperature):.6e} 'pco2'")
            elif component == "h+1":
                self.add(f"{ph:.4f} 'ph'")
            else:
                kind = "charge" if component == balance else "free"
                self.add(f"{values.get(component, 1e-8):.6e} '{kind}'")
        self.add("'guess for ph'", f"{ph:.2f}")

    def chemistry(self) -> None:
        c, o = self.column, self.options
        phi = calcite_volume(c)
        variable = [s for s in o.sites if s != "x"]
        seconds = c.interval_days * SECONDS_PER_DAY
        supplied = "lime" in c.sources
        mean = {n: float(s.monthly.mean()) for n, s in c.sources.items()}
        self.add("'initial condition - reactive transport'", str(c.layers))
        for i in range(c.layers):
            calcareous = phi[i] > 0.0
            self.add("'number and name of zone'", str(i + 1), f"'cell {i + 1}'", "'concentration input'")
            water = {**START_WATER["calcareous" if calcareous else "decalcified"], **c.start}
            self._water(water, c.pco2_start, 7.3 if calcareous else c.ph0, "ca+2")
            self.add("'sorption parameter input of ion-exchange'", f"{c.cec[i] * 100.0:.6f}", f"{c.bulk_density * 1e-3:.6f}")
            share = float(c.cec_variable[i])
            self.add(
                "'CEC fraction of multisite ion exchange'",
                f"{1.0 - share:.8f}",
                *[f"{share / len(variable):.8f}"] * len(variable),
            )
            self.add("'equilibrate with fixed solution composition'", "'mineral input'")
            self.add(*self.calcite(float(phi[i]), supplied))
            self.add("0.0 .false. 'constant'", "1.0d-10 1.0e-09 0.0")  # gypsum: absent, may form
            self.add("2.0e-2 .false. 'twothird'", "1.0d-10 2.0e-07 0.0")  # gibbsite: unlimited
            for name, source in c.sources.items():
                rate = mean[name] * float(source.profile[i]) / (c.thickness[i] * 1e3) / seconds
                self.add("1.0d-5 .false. 'constant'", f"1.0d-10 {_fortran(rate)} 0.0")
            self._factors(mean)
            self.add(
                "'extent of zone'",
                f"0.0 1.0 0.0 1.0 {self.height - c.bottom[i]:.9f} {self.height - c.top[i]:.9f}",
                "'end of zone'",
            )
        self.done()
        self.add("'boundary conditions - reactive transport'", "2", "'number and name of zone'", "1", "'top'", "'boundary type'")
        self.add("'mixed'")
        self.add("'concentration input'")
        self._water(c.rain, c.co2_atm, 5.6, "cl-1")
        self.add(
            "'exclude diffusive flux from mixed boundary condition'", "'extent of zone'", self._cell_extent(0), "'end of zone'"
        )
        self.add("'number and name of zone'", "2", "'bottom'", "'boundary type'", "'second'")
        self.add("'extent of zone'", self._cell_extent(c.layers - 1), "'end of zone'")
        self.done()

    def calcite(self, phi: float, supplied: bool) -> list[str]:
        """Mineral input of calcite in one cell, in the order of ``minerals``."""
        return _calcite_line(phi, self.column.calcite_rate, supplied)

    def _factors(self, mean: dict[str, float]) -> None:
        """Step function of every source relative to its mean; MIN3P keeps at most 1000 rows per zone."""
        varying = [n for n in self.active if mean[n] > 0.0 and np.ptp(self.column.sources[n].monthly) > 0.0]
        if not varying:
            return
        self.add("'intermittent reactions'", str(len(varying)), *[f"'{PREFIX}{n}'" for n in varying])
        rows: list[str] = []
        last: tuple[float, ...] | None = None
        for month in range(self.column.months):
            values = tuple(float(self.column.sources[n].monthly[month]) / mean[n] for n in varying)
            if values != last:
                start = month * self.column.interval_days + (self.factor_delay if month else 0.0)
                rows.append(f"{start:.6f} " + " ".join(f"{v:.9g}" for v in values))
                last = values
        self.add(str(len(rows)), *rows)

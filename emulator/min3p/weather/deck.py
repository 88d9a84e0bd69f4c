"""The deck of a column with weather: the ensemble's, with roots, an evaporating top, a water table, outputs at every step.

What:    ``WeatherDeck.written()`` is the text of ``soil.dat``; ``write_run`` the whole run folder; ``NoRoots`` the same column
         without what the public build of MIN3P leaves out.
Units:   MIN3P's: days, m, degC; water fluxes m/s. Layers from the bottom up.
Source:  MIN3P-THCm user manual (2019) and, for what it does not say, MIN3P 2.6.2.880's initplant, updtetp, evapo and rootwat.
Traps:   a row of .soi is read once a step ends after it, a row of rate factors counts for the step that ends on it: both stand at
         noon, so that the two steps of every day see the values of that day. The root block must name every zone of the soil.
Use:     ``write_run(folder, column, Path(os.environ["MIN3P_DB"]))``
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from ...contract.constants import SECONDS_PER_DAY
from ...contract.errors import InputError
from ..database import PEDOGENIC, REACTIONS, write_database
from ..deck import REFERENCE_PHI, STEM, Deck, DeckOptions
from .design import BLOCK, MOST_ROWS, WeatherColumn

NOON = 0.5
EVAPORATION_DEPTH = 0.05  # m
START_SUCTION = 2.0  # m, of the whole column on the first day
AIR_DRY_SUCTION, WILTING_SUCTION, FIELD_SUCTION, OPTIMUM_SUCTION = 1600.0, 150.0, 2.0, 5.0  # m
CANOPY_EXTINCTION = 0.6
STRESS = ("0.25", "0.0", "0.0")
"""Relative water at which uptake is halved, exponent, share of intercepted rain (``transpiration global parameters``)."""
ZONES = ("top", "soil")
OPTIONS = DeckOptions(dt_max=1.0)
ROOT_SCALE = 1e4  # m m-3; MIN3P takes relative densities, of any size


class WeatherDeck(Deck):
    """The deck of a WeatherColumn; ``roots`` False leaves out roots and evaporation."""

    factor_delay = NOON

    def __init__(self, column: WeatherColumn, options: DeckOptions = OPTIONS, roots: bool = True) -> None:
        super().__init__(column.soil, options)
        self.whole, self.roots = column, roots
        if column.si_pedogenic > 0.0:
            self.minerals.insert(1, PEDOGENIC)

    def written(self) -> str:
        """The text of ``soil.dat``. Once: a second call would add every block again."""
        text = super().written()
        if not self.roots:
            return text
        self.lines = []
        self.plants()
        return text + "\n".join(self.lines) + "\n"

    def control(self) -> None:
        super().control()
        if self.roots:  # the fifth logical of the block
            self.lines.insert(self.lines.index("'soil column'") + 5, ".true.")

    def output(self) -> None:
        """One printed profile, at the end; every cell at every step."""
        n = self.column.layers
        self.add("'output control'", "'use double precision'", "'output of spatial data'", "1", f"{self.column.months:.6f}")
        self.add("'output of transient data'", f"{n}", "1")
        self.add(*(" ".join(str(k + 1) for k in range(i, min(i + 4, n))) for i in range(0, n, 4)))
        self.done()

    def medium(self) -> None:
        c, vg = self.column, self.column.retention
        evaporating = self.height - EVAPORATION_DEPTH
        extents = ((evaporating, self.height), (0.0, evaporating))
        self.add("'physical parameters - porous medium'", "2")
        for i, (zone, (low, high)) in enumerate(zip(ZONES, extents, strict=True), 1):
            self.add("'number and name of zone'", f"{i}", f"'{zone}'", f"{c.porosity:.6f}", "'extent of zone'")
            self.add(f"0.0 1.0 0.0 1.0 {low:.9f} {high:.9f}", "'end of zone'")
        self.done()
        self.add("'physical parameters - variably saturated flow'")
        for zone, dry in zip(ZONES, (AIR_DRY_SUCTION, 0.0), strict=True):
            self.add(f"'{zone}'", "'hydraulic conductivity in z-direction'", f"{vg.k_sat:.6e}")
            self.add("'specific storage coefficient'", "1.0d-9", "'soil hydraulic function parameters'")
            self.add(f"{vg.residual:.6f}", f"{vg.alpha:.6f}", f"{vg.n:.6f}", "0.5", "0.0")
            self.add(*([f"{dry:.1f}"] if self.roots else []), "'end of zone'")  # a sixth number: evaporation down to it
        self.done()
        self.add("'physical parameters - reactive transport'", "'diffusion coefficients'", "1.0e-09", "1.6e-05")
        for zone in ZONES:
            self.add(f"'{zone}'", "'longitudinal dispersivity'", f"{c.dispersivity:.5e}", "'end of zone'")
        self.done()

    def flow(self) -> None:
        super().flow()
        self.lines[self.lines.index("'initial condition'") + 1] = f"{-START_SUCTION:.6e}"
        if self.whole.bottom_head is not None:
            self.lines[self.lines.index("'free-drainage' 1.0")] = f"'first' {self.whole.bottom_head:.6f}"

    def calcite(self, phi: float, supplied: bool) -> list[str]:
        found = super().calcite(phi, supplied)
        if self.whole.si_pedogenic > 0.0:  # grows on the surface that the column began with
            rate = self.column.calcite_rate * 1.0e-3 * (phi / REFERENCE_PHI) ** (2.0 / 3.0)
            found += ["0.0 .false. 'constant'", f"1.0d-10 {rate:.9e} 0.0"]
        return found

    def plants(self) -> None:
        """Roots: their density stands in a file, what they demand in another."""
        self.add("'plant transpiration and passive/rejective uptake'", "'legacy root uptake method'")
        self.add("'read root length density from file'", "'correction method for water stress'", "1")
        self.add("'transpiration global parameters'", *STRESS)
        for zone in ZONES:
            heads = (WILTING_SUCTION, FIELD_SUCTION, OPTIMUM_SUCTION)
            self.add(f"'{zone}'", "'root water uptake'", *(f"{head:.1f}" for head in heads))
            if self.whole.passive > 0.0:
                self.add("'passive solute uptake'", f"{self.whole.passive:.6f}")
            self.add("'end of zone'")
        self.done()


def write_run(folder: Path, column: WeatherColumn, stock: Path, roots: bool = True) -> str:
    """Write a fresh run folder; the SHA-256 of its database.

    Raises FileNotFoundError or ValueError from ``write_database``, and InputError for a run that MIN3P has no rows for.
    """
    soil = column.soil
    if soil.months > MOST_ROWS * BLOCK * 10:
        raise InputError(f"{soil.months} days leave more than {BLOCK * 10} days to a rate factor of MIN3P; simulate fewer years")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / f"{STEM}.dat").write_text(WeatherDeck(column, roots=roots).written())
    (folder / "root.dat").write_text(STEM)
    for name, lines in companions(column).items():
        (folder / f"{STEM}.{name}").write_text("\n".join(lines) + "\n")
    return write_database(stock, folder / "db", OPTIONS.sites, REACTIONS, column.si_pedogenic)


def companions(column: WeatherColumn) -> dict[str, list[str]]:
    """Lines of the files beside the deck, by ending: water through both ends, demand, roots, temperature."""
    soil, days = column.soil, column.soil.months
    bottom = "1.0" if column.bottom_head is None else f"{column.bottom_head:.6f}"
    flux = soil.drainage / SECONDS_PER_DAY
    demand = column.weather.pet * 1e-3 / SECONDS_PER_DAY
    bare = np.exp(-CANOPY_EXTINCTION * column.leaves)  # share of the demand that reaches the soil
    elevation = soil.thickness.sum() - soil.centre[::-1]
    density = column.root_density[::-1] * ROOT_SCALE
    five = soil.temperature.reshape(-1, 5, soil.layers).mean(1) if days % 5 == 0 else soil.temperature
    return {
        "bcvs": [f"{max(day, 1e-5):.6f} {q:.9e} {bottom}" for day, q in enumerate(flux)] + [f"{days + 1:.6f} 0.0 {bottom}"],
        "soi": [
            f"{day + NOON:.6f} {d:.9e} 0.0 {b:.6f} 1.0" for day, (d, b) in enumerate(zip(demand, bare, strict=True))
        ],
        "rld": ['title = "roots"', 'variables = "x","y","z","rld"', 'zone t = "roots"']
        + [f"0.5 0.5 {z:.6f} {r:.6e}" for z, r in zip(elevation, density, strict=True)],
        "tem": [f"{days / len(five):.1f} {soil.layers} " + " ".join(f"{z:.6f}" for z in elevation)]
        + [" ".join(f"{t:.4f}" for t in row[::-1]) for row in five],
    }  # fmt: skip

"""What a deck sets up, in the terms of a soil column: layers, what is in them, what reacts, what drives it. Knows no outputs.

Units:   as the deck states them (m, mol/L, meq/100 g, g cm-3, degC; rates mol/(L bulk)/s); times in the deck's own unit.
Shapes:  [layer] from the surface down.
Source:  MIN3P-THCm user manual (2019); of overlapping zones the last one holds, as in MIN3P.
Use:     ``setup = read_setup(read_deck(path)); setup.thickness, setup.layer("cec")``
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ...contract.constants import DAYS_PER_YEAR
from ...contract.errors import InputError
from .deck import Deck, Line, Zone, after, numbers_after

GEOCHEMISTRY, CHEMISTRY_START = "geochemical system", "initial condition - reactive transport"
CHEMISTRY_EDGE, FLOW_EDGE = "boundary conditions - reactive transport", "boundary conditions - variably saturated flow"
DAYS = {"seconds": 1.0 / 86400.0, "minutes": 1.0 / 1440.0, "hours": 1.0 / 24.0, "days": 1.0, "years": DAYS_PER_YEAR}
"""Days per time unit; MIN3P's year has 365 days (nexttime.F90 converts by 365)."""

MOST_CELLS = 10_000
"""Vertical cells of a deck that is believed: one that asks for more was damaged."""


@dataclass(frozen=True)
class MineralInput:
    """A mineral in one zone: volume fraction, how its surface follows it, effective rate constant mol/(L bulk)/s."""

    fraction: float
    update: str
    rate: float


@dataclass(frozen=True)
class Factors:
    """Step function of rates in a zone: ``values[row, reaction]`` from ``times[row]`` on (deck's unit)."""

    reactions: tuple[str, ...]
    times: np.ndarray
    values: np.ndarray


@dataclass
class Setup:
    """Everything a deck says of a run; [layer] lists from the surface down, empty where the deck has no vertical column."""

    components: list[str]
    complexes: list[str]
    gases: list[str]
    minerals: list[str]
    reactions: list[str]
    sorbed: list[str]
    sites: list[str]
    sorption: str
    activity: str
    time_unit: str
    start: float
    end: float
    outputs: list[float]
    temperature: float
    drives: list[str]
    thickness: np.ndarray
    porosity: np.ndarray
    dispersivity: np.ndarray
    zones: list[Zone]
    initial: list[dict[str, MineralInput]] = field(default_factory=list)  # by layer
    cec: np.ndarray = field(default_factory=lambda: np.empty(0))
    bulk_density: np.ndarray = field(default_factory=lambda: np.empty(0))
    fractions: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))  # [layer, site]
    zone_of: list[Zone | None] = field(default_factory=list)  # by layer
    rain: dict[str, tuple[float, str]] = field(default_factory=dict)  # top boundary: component -> (value, type)
    top: str = ""  # type of the top boundary
    bottom: float = 0.0  # elevation of the lower end
    steady: bool = False
    saturated: bool = False
    roots: bool = False
    database: str = ""
    solute_diffusion_at_top: bool = False

    @property
    def layers(self) -> int:
        """Number of layers."""
        return len(self.thickness)

    def days(self, time: float) -> float:
        """A time of the deck in days; NaN where its unit is unknown."""
        return time * DAYS.get(self.time_unit, math.nan)


def _intervals(lines: list[Line]) -> list[list[tuple[int, float, float]]]:
    """Intervals (cells, from, to) of x, y and z."""
    numbers = [n for line in lines if not line.quoted for n in line.numbers()]
    axes: list[list[tuple[int, float, float]]] = []
    i = 0
    while len(axes) < 3 and i < len(numbers):
        count = int(numbers[i])
        i += 1
        parts = []
        for _ in range(count):
            if i + 3 > len(numbers):
                return axes
            parts.append((int(numbers[i]), numbers[i + 1], numbers[i + 2]))
            i += 3
        axes.append(parts)
    return axes


def cell_faces(deck: Deck) -> np.ndarray:
    """Elevations of the faces of a vertical column, from the bottom up; empty where cells lie side by side.

    Without 'full cells' the nodes of an interval stand on both its ends, and the first and last cell are half as thick.
    """
    axes = _intervals(deck.block("spatial discretization"))
    if len(axes) < 3 or any(sum(n for n, _, _ in axis) > 1 for axis in axes[:2]) or not axes[2]:
        return np.empty(0)
    parts = axes[2]
    if any(n < 1 for n, _, _ in parts) or sum(n for n, _, _ in parts) > MOST_CELLS:
        raise InputError(f"'spatial discretization' has {sum(n for n, _, _ in parts)} cells; a column has 1 to {MOST_CELLS}")
    if deck.has("spatial discretization", "full cells"):
        return np.concatenate([np.linspace(low, high, n + 1)[(0 if i == 0 else 1) :] for i, (n, low, high) in enumerate(parts)])
    nodes: list[float] = []
    for n, low, high in parts:
        inner = list(np.linspace(low, high, n)) if not nodes else list(np.linspace(low, high, n + 1)[1:])
        nodes += inner
    z = np.array(nodes)
    if z.size < 2:
        return np.array([parts[0][1], parts[-1][2]])
    return np.concatenate([[z[0]], 0.5 * (z[1:] + z[:-1]), [z[-1]]])


def _minerals(zone: Zone, names: list[str]) -> dict[str, MineralInput]:
    """Lines after 'mineral input': a mineral opens with volume fraction, logical and update type; its rate follows."""
    found: list[MineralInput] = []
    lines = zone.after("mineral input")
    for i, line in enumerate(lines):
        if len(found) == len(names) or (line.quoted and line.text != ""):
            break
        if len(line.items) >= 3 and line.items[1].lower().startswith((".f", ".t")):
            rates = lines[i + 1].numbers() if i + 1 < len(lines) else []
            found.append(MineralInput(line.numbers()[0], line.items[2].lower(), rates[1] if len(rates) > 1 else math.nan))
    return dict(zip(names, found, strict=False))


def read_factors(zone: Zone) -> Factors | None:
    """The rate factors of a zone; None where its rates are constant."""
    lines = zone.after("intermittent reactions")
    if not lines:
        return None
    count = int(lines[0].numbers()[0])
    names = tuple(line.items[0].lower() for line in lines[1 : 1 + count])
    rows = int(lines[1 + count].numbers()[0])
    table = [line.numbers() for line in lines[2 + count : 2 + count + rows]]
    if len(table) < rows or any(len(row) < count + 1 for row in table):
        raise InputError(f"'intermittent reactions' of zone {zone.name!r} do not have {rows} rows of {count + 1} numbers")
    if not table:
        return None
    values = np.array([row[: count + 1] for row in table])
    return Factors(names, values[:, 0], values[:, 1:])


def _concentrations(zone: Zone, components: list[str]) -> dict[str, tuple[float, str]]:
    lines = zone.after("concentration input")[: len(components)]
    found = {}
    for name, line in zip(components, lines, strict=False):
        numbers = line.numbers()
        if numbers:
            found[name] = (numbers[0], line.items[1].lower() if len(line.items) > 1 else "")
    return found


def _covering(zones: list[Zone], height: float) -> Zone | None:
    """The last zone whose vertical extent holds ``height``."""
    holding = [z for z in zones if not z.extent or min(z.extent[4:]) - 1e-9 <= height <= max(z.extent[4:]) + 1e-9]
    return holding[-1] if holding else None


def _by_layer(zones: list[Zone], centres: np.ndarray, read: object) -> np.ndarray:
    """A number of every layer from the zone that holds its centre; NaN where there is none."""
    found = []
    for centre in centres:
        zone = _covering(zones, float(centre))
        value = read(zone) if zone is not None else None  # type: ignore[operator]
        found.append(math.nan if value is None else float(value))
    return np.array(found)


def _porosity(zone: Zone) -> float | None:
    return next((line.numbers()[0] for line in zone.lines if not line.quoted and line.numbers()), None)


def _drives(deck: Deck, setup_zones: list[Zone], steady: bool) -> list[str]:
    """What changes in time, in words; the companion file of the deck's stem that brings it in brackets."""
    found = []
    if deck.has(FLOW_EDGE, "transient boundary conditions"):
        found.append("water through the surface (.bcvs)")
    elif steady:
        found.append("steady water flow")
    if any(name.startswith("plant transpiration") for name in deck.blocks):
        found.append("evapotranspiration (.soi)")
        if any(line.text == "read root length density from file" for line in deck.block("plant transpiration")):
            found.append("roots (.rld)")
    if deck.has(GEOCHEMISTRY, "define temperature field"):
        found.append("temperature (.tem)")
    if any(zone.after("intermittent reactions") for zone in setup_zones):
        found.append("rate factors in time (intermittent reactions)")
    if deck.has(CHEMISTRY_EDGE, "update boundary conditions"):
        found.append("boundary composition in time (update boundary conditions)")
    return found


def _activity(deck: Deck) -> str:
    if deck.has(GEOCHEMISTRY, "use pitzer model"):
        return "pitzer"
    return "sit" if deck.has(GEOCHEMISTRY, "use sit model") else "extended debye-hueckel"


def _times(deck: Deck) -> tuple[str, float, float, list[float]]:
    """Unit, start, end and output times."""
    lines = deck.block("time step control")
    unit = lines[0].text if lines else ""
    numbers = [line.numbers()[0] for line in lines[1:3] if line.numbers()]
    listed = after(deck.block("output control"), "output of spatial data")
    count = int(listed[0].numbers()[0]) if listed and listed[0].numbers() else 0
    times = numbers_after(deck.block("output control"), "output of spatial data", count + 1)[1:]
    start, end = [*numbers, math.nan, math.nan][:2]
    return unit, start, end, times


def read_setup(deck: Deck) -> Setup:
    """The setup of a deck."""
    system = GEOCHEMISTRY
    unit, start, end, outputs = _times(deck)
    temperature = deck.number(system, "define temperature")
    switches = (deck.switches() + [False] * 5)[:5]
    faces = cell_faces(deck)
    centres = (0.5 * (faces[1:] + faces[:-1]))[::-1] if faces.size else np.empty(0)
    zones = deck.zones(CHEMISTRY_START)
    sorption = deck.word(system, "define sorption type of ion-exchange") or deck.word(system, "define sorption type")
    setup = Setup(
        components=deck.names(system, "components"), complexes=deck.names(system, "secondary aqueous species"),
        gases=deck.names(system, "gases"), minerals=deck.names(system, "minerals"),
        reactions=deck.names(system, "intra-aqueous kinetic reactions"),
        sorbed=deck.names(system, "sorbed species of ion-exchange") or deck.names(system, "sorbed species"),
        sites=deck.names(system, "surface sites of ion-exchange"), sorption=(sorption or "gaines-thomas").lower(),
        activity=_activity(deck), time_unit=unit, start=start, end=end, outputs=outputs,
        temperature=25.0 if temperature is None else temperature,
        drives=_drives(deck, zones, switches[1]), thickness=np.diff(faces)[::-1],
        porosity=_by_layer(deck.zones("physical parameters - porous medium"), centres, _porosity),
        dispersivity=np.full(len(centres), _dispersivity(deck)), zones=zones, steady=switches[1], saturated=switches[2],
        roots=switches[4], database=deck.word(system, "database directory").replace("\\", "/"),
    )  # fmt: skip
    setup.bottom = float(faces[0]) if faces.size else 0.0
    _fill_layers(setup, centres)
    _fill_top(deck, setup, float(faces[-1]) if faces.size else 0.0)
    return setup


def _dispersivity(deck: Deck) -> float:
    found = numbers_after(deck.block("physical parameters - reactive transport"), "longitudinal dispersivity", 1)
    return found[0] if found else 0.0


def _fill_layers(setup: Setup, centres: np.ndarray) -> None:
    """Exchanger, minerals and rate factors of every layer."""

    def sorption(zone: Zone) -> list[float]:
        return (numbers_after(zone.lines, "sorption parameter input of ion-exchange", 2)
                or numbers_after(zone.lines, "sorption parameter input", 2))  # fmt: skip

    setup.cec = _by_layer(setup.zones, centres, lambda z: [*sorption(z), None][0])
    setup.bulk_density = _by_layer(setup.zones, centres, lambda z: [*sorption(z), None, None][1])
    shares = []
    for centre in centres:
        zone = _covering(setup.zones, float(centre))
        setup.initial.append(_minerals(zone, setup.minerals) if zone else {})
        setup.zone_of.append(zone)
        wanted = max(len(setup.sites), 1)
        found = numbers_after(zone.lines, "cec fraction of multisite ion exchange", wanted) if zone else []
        shares.append(found if len(found) == wanted else [1.0] + [0.0] * (wanted - 1))
    setup.fractions = np.array(shares) if shares else np.empty((0, 0))


def _fill_top(deck: Deck, setup: Setup, surface: float) -> None:
    """Boundary at the surface: the zone of the highest extent."""
    zones = [z for z in deck.zones(CHEMISTRY_EDGE) if z.extent]
    if not zones:
        return
    top = max(zones, key=lambda z: max(z.extent[4:]))
    setup.rain = _concentrations(top, setup.components)
    kind = top.after("boundary type")
    setup.top = kind[0].items[0].lower() if kind else ""
    said = {line.text for line in top.lines if line.quoted}
    setup.solute_diffusion_at_top = setup.top == "mixed" and any(s.startswith("include diffusive flux") for s in said)

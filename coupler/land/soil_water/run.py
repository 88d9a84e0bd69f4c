"""Daily soil water of many columns: rain and demand in, water and fluxes of every layer and day out.

What:    ``SoilWater`` holds soil and state; ``run`` advances it by any number of days. Which columns share a call, and in how
         many calls the days are run, changes no bit.
Units:   kg m-2 (= mm) and kg m-2 a day; heads and thicknesses m. Shapes: soil (column, layer), weather (day, column).
Source:  column.hpp: a linearised Richards equation after Ross 2003, Agron. J. 95, 1352-1361; van Genuchten-Mualem; sinks of
         MIN3P.
Use:     ``soil = SoilWater(dz, porosity, retention, roots); soil.start(2.0); days = soil.run(rain, transpiration, evaporation)``
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import ArgumentError

Floats = NDArray[np.float64]
MM = 1000.0  # in a metre
DAY = 86400.0  # s
EVAPORATING_DEPTH = 0.05  # m; FAO-56 (Allen et al. 1998, chapter 7) gives 0.10-0.15 for the surface of a bare soil [assumption]
MOST_LAYERS = 60
# m; with 30 cm next to a water table a column rises 7 % too much, with 15 cm it does not (coupler/docs/soil_water.md)
TABLE_THICKEST = 0.15
LIMITS = {"residual": (0.0, 0.9), "alpha": (0.01, 100.0), "n": (1.01, 12.0), "k_sat": (1e-12, 1e-2), "porosity": (0.05, 0.98)}


@dataclass(frozen=True)
class Retention:
    """van Genuchten-Mualem parameters, each (column, layer), (layer,) or a number.

    ``residual`` saturation (share of the pores), ``alpha`` m-1, ``n`` (above 1), ``k_sat`` m s-1.
    """

    residual: ArrayLike
    alpha: ArrayLike
    n: ArrayLike
    k_sat: ArrayLike


@dataclass(frozen=True)
class Heads:
    """Suction in m at which uptake ends, is unhindered, and soil is air dry."""

    wilting: float = 150.0  # 1.5 MPa (Richards & Weaver 1944)
    field: float = 2.0  # MIN3P's field head in the reference columns
    air_dry: float = 1600.0  # MIN3P's air-dry head in the reference columns


@dataclass(frozen=True)
class WaterDays:
    """What happened on each day; water is that at its end."""

    water: Floats  # (day, column, layer) kg m-2
    uptake: Floats  # (day, column, layer) kg m-2, by roots
    evaporated: Floats  # (day, column, layer) kg m-2
    percolation: Floats  # (day, column, layer) kg m-2 through the lower face, downward positive
    infiltrated: Floats  # (day, column) kg m-2
    runoff: Floats  # (day, column) kg m-2


def _rows(name: str, value: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Contiguous float64 with the column last. Raises ArgumentError for a wrong shape or a value that is not finite."""
    array = np.asarray(value, dtype=np.float64)
    try:
        array = np.broadcast_to(array, shape)
    except ValueError:
        raise ArgumentError(f"{name} has shape {array.shape}, not {shape}; give one number for each") from None
    if not np.isfinite(array).all():
        raise ArgumentError(f"{name} holds a value that is no number; fill it")
    return np.ascontiguousarray(np.moveaxis(array, -2, -1) if array.ndim > 1 else array)


class SoilWater:
    """Soil and water of some columns.

    ``dz`` (layer,) m; ``porosity`` (column, layer); ``roots`` (layer,) or (column, layer), density in any unit;
    ``table_depth`` (column,) m of a water table, NaN or None for free drainage; ``pond_limit`` m of water that may stand on the
    surface (inf: no runoff); ``thickest`` m: thicker layers are subdivided for the water alone, results stay by layer of ``dz``
    (None: 0.15 m where there is a water table, else as given). ``saturation`` (sublayer, column), ``pond`` and ``step``
    (column,) are the state of a restart.
    Raises ArgumentError with the name, the value and how to fix it.
    """

    def __init__(
        self,
        dz: ArrayLike,
        porosity: ArrayLike,
        retention: Retention,
        roots: ArrayLike,
        *,
        table_depth: ArrayLike | None = None,
        pond_limit: ArrayLike = 0.01,
        thickest: float | None = None,
        heads: Heads = Heads(),
    ) -> None:
        thick = np.asarray(dz, dtype=np.float64)
        if thick.ndim != 1 or not thick.size or not (thick > 0).all():
            raise ArgumentError(f"dz = {thick.tolist()} must be thicknesses above 0 m")
        given = {"porosity": porosity, **vars(retention), "roots": roots}
        depths = () if table_depth is None else np.shape(table_depth)
        columns = max([1, *(np.shape(v)[0] for v in given.values() if np.ndim(v) == 2), *depths[:1]])
        table = np.full(columns, np.nan) if table_depth is None else np.asarray(table_depth, dtype=np.float64)
        self.table_depth = np.ascontiguousarray(np.broadcast_to(table, (columns,)))
        self.pond_limit = np.ascontiguousarray(np.broadcast_to(np.asarray(pond_limit, dtype=np.float64), (columns,)))
        if thickest is None:
            thickest = TABLE_THICKEST if np.isfinite(self.table_depth).any() else np.inf
        self.pieces = np.maximum(np.ceil(thick / thickest - 1e-6), 1).astype(int)  # of each layer
        self.dz = np.repeat(thick / self.pieces, self.pieces)
        if self.dz.size > MOST_LAYERS:
            raise ArgumentError(f"dz has {self.dz.size} layers of at most {thickest:g} m; the soil water takes {MOST_LAYERS}")
        self.shape = (columns, self.dz.size)
        self.soil = {n: np.repeat(_rows(n, v, (columns, thick.size)), self.pieces, axis=0) for n, v in given.items()}
        for name, (low, high) in LIMITS.items():
            bad = ~((self.soil[name] >= low) & (self.soil[name] <= high))
            if bad.any():
                raise ArgumentError(f"{name} = {self.soil[name][bad][0]:g} must lie between {low:g} and {high:g}")
        if (self.soil["roots"] < 0).any():
            raise ArgumentError(f"roots = {self.soil['roots'].min():g} must not be negative")
        self.soil["k_sat"] = self.soil["k_sat"] * DAY
        top = np.cumsum(self.dz) - self.dz
        share = np.clip(np.minimum(top + self.dz, EVAPORATING_DEPTH) - top, 0.0, None)
        self.evaporating = share / share.sum()
        self.heads = heads
        self.steps = np.zeros(columns, dtype=np.int64)
        self.start(heads.field)

    def start(self, suction: ArrayLike) -> None:
        """Set the state to a suction [m], (column, layer) or a number; nothing stands on the surface."""
        h = _rows("suction", suction, (self.shape[0], len(self.pieces)))
        h = np.repeat(h, self.pieces, axis=0)
        n, residual = self.soil["n"], self.soil["residual"]
        power = (self.soil["alpha"] * np.maximum(h, 0.0)) ** n
        self.saturation = residual + (1 - residual) * (1 + power) ** (1 / n - 1)
        self.pond = np.zeros(self.shape[0])
        self.step = np.ones(self.shape[0])

    def run(
        self, rain: ArrayLike, transpiration: ArrayLike, evaporation: ArrayLike, conducting: ArrayLike | None = None
    ) -> WaterDays:
        """Advance by the days of ``rain`` (day, column), irrigation and melt included; the others are demands, same shape.

        ``conducting`` (day, column, layer): share of the conductivity that frost leaves, above 0; None: 1.
        """
        # late, so that `calcisol --help` needs no compiled code
        extension = import_module("._soil_water", __package__)
        ffi, columns, layers = extension.ffi, *self.shape
        weather = self._weather({"rain": rain, "transpiration": transpiration, "evaporation": evaporation})
        days = len(weather["rain"])
        if conducting is not None:
            cut = _rows("conducting", conducting, (days, columns, len(self.pieces)))
            weather["conducting"] = np.ascontiguousarray(np.repeat(cut, self.pieces, axis=1))
        kept: dict[str, Any] = {**self.soil, **weather, "dz": self.dz, "evaporating": self.evaporating, "steps": self.steps}
        kept |= {name: getattr(self, name) for name in ("table_depth", "pond_limit", "saturation", "pond", "step")}
        layered = ("water", "uptake", "evaporated", "percolation")
        kept |= {name: np.zeros((days, layers, columns)) for name in layered}
        kept |= {name: np.zeros((days, columns)) for name in ("infiltrated", "runoff")}
        job = ffi.new("calcisol_soil_water *")
        job.columns, job.layers, job.days = columns, layers, days
        job.head_wilting, job.head_field, job.head_air_dry = self.heads.wilting, self.heads.field, self.heads.air_dry
        for name, array in kept.items():
            kind = "int64_t *" if name == "steps" else "double *"
            setattr(job, name, ffi.cast(kind, array.ctypes.data))
        lost = extension.lib.calcisol_soil_water_run(job)
        if lost:
            raise ArgumentError(f"soil water of column {lost} is no number any more; check its retention curve and rain")
        daily = {name: kept[name] for name in layered}
        if (self.pieces > 1).any():
            first = np.cumsum(self.pieces) - self.pieces
            daily = {name: np.add.reduceat(values, first, axis=1) for name, values in daily.items() if name != "percolation"}
            daily["percolation"] = kept["percolation"][:, first + self.pieces - 1]
        for values in daily.values():
            values *= MM  # in place: they are most of what a call holds
        daily = {name: np.moveaxis(values, 1, 2) for name, values in daily.items()}
        return WaterDays(**daily, infiltrated=MM * kept["infiltrated"], runoff=MM * kept["runoff"])

    def _weather(self, given: dict[str, ArrayLike]) -> dict[str, Floats]:
        """Weather in m, (day, column)."""
        days = len(np.asarray(given["rain"]))
        made = {}
        for name, value in given.items():
            array = np.asarray(value, dtype=np.float64)
            array = array[:, None] if array.ndim == 1 else array
            try:
                array = np.broadcast_to(array, (days, self.shape[0]))
            except ValueError:
                raise ArgumentError(f"{name} has shape {array.shape}, not (day, column) = {(days, self.shape[0])}") from None
            if not (np.isfinite(array) & (array >= 0)).all():
                raise ArgumentError(f"{name} holds a value that is negative or no number; give kg m-2 a day, 0 or more")
            made[name] = np.ascontiguousarray(array) / MM
        return made

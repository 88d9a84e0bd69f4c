"""A column simulated day by day by a reference model, one netCDF file: read and checked.

What:    ``read_column``, the file as arrays; ``read_folder``, all of a folder. What a file must hold: docs/daily_columns.md.
Units:   the contract's (emulator/contract/variables.toml); water in kg m-2 a day, amounts in mol m-2, depths in m.
Shapes:  (day, layer), (day,), (layer,); layer 1 at the surface.
Errors:  DailyFileError, one sentence: what is missing, in another unit or not closed, and how to fix it.
Use:     ``column = read_column(Path("seville_15.nc"))``; ``column["ph"][column.start_day - 1]``
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cf_units
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..errors import CalcisolError
from ..library.columns import table
from ..units import DAYS_PER_YEAR, SECONDS_PER_DAY
from . import daily_ranges
from .daily_hydraulics import Hydraulics, read_hydraulics

Floats = NDArray[np.float64]

IONS = ("ca", "mg", "k", "na", "nh4", "no3", "cl", "so4", "dic")
POOLS = ("calcite", *IONS)
SITES = ("site_1", "site_2", "site_3")
SOURCES = ("co2_src", "n_nit", "n_min", "n_up_nh4", "n_up_no3", "bc_up", "weath")
PROPERTIES = ("clay", "sand", "soc", "bulk_density", "porosity", "calcite_rate", "dispersivity", "cec", "cec_variable", "caco3")
WATER_RATE, SOURCE_RATE = "kg m-2 s-1", "mol m-2 s-1"

STATIC_UNITS = {
    "dz": "m", "clay": "kg kg-1", "sand": "kg kg-1", "soc": "kg kg-1", "bulk_density": "kg m-3", "porosity": "1",
    "calcite_rate": "mol m-3 s-1", "dispersivity": "m", "cec": "mol kg-1", "cec_variable": "1", "caco3": "kg kg-1",
}  # fmt: skip
LAYER_UNITS = {
    "w_liq": "kg m-2", "transpiration": WATER_RATE, "evaporation": WATER_RATE, "t_soil": "K", "co2_src": WATER_RATE,
    "n_nit": WATER_RATE, "n_min": WATER_RATE, "n_up_nh4": WATER_RATE, "n_up_no3": WATER_RATE,
    "bc_up": SOURCE_RATE, "weath": SOURCE_RATE, "ph": "1", "pco2": "atm", "ionic_strength": "mol kg-1",
    **{f"pool_{name}": "mol m-2" for name in POOLS}, **dict.fromkeys(SITES, "1"),
}  # fmt: skip
DAY_UNITS = {
    "q_bot": WATER_RATE, "infiltration": WATER_RATE, "rain": "mm", "pet": "mm", "lai": "1", "co2_atm": "mol mol-1",
    **{f"dep_{name}": SOURCE_RATE for name in IONS}, **{f"leached_{name}": "mol m-2" for name in ("ca", "no3", "dic")},
}  # fmt: skip
STARTED = ("ph0", "base_saturation")  # of the contract's static variables, those that the state in the file stands for
SAME = {"mm": ("mm", "kg m-2", "mm day-1", "kg m-2 day-1")}
"""Water of a day is the same number as a depth, a mass and a rate by the day."""
CALENDARS = ("365 days a year", "noleap", "365_day")
WATER_GAP = 0.02
"""Of the water that enters and leaves, how much may be missing over the run before the file is refused."""


class DailyFileError(CalcisolError, ValueError):
    """The file is no daily column."""


@dataclass(frozen=True)
class DailyColumn:
    """One column as its reference model made it; ``values`` by the names of the file, float64."""

    name: str
    start_day: int
    """Days of spin-up; the state at their end is where a rollout begins."""
    values: Mapping[str, Floats]
    hydraulics: Hydraulics

    def __getitem__(self, name: str) -> Floats:
        return self.values[name]

    @property
    def days(self) -> int:
        """Days in the file, spin-up included."""
        return len(self.values["q_bot"])

    @property
    def years(self) -> float:
        """Years that are compared."""
        return (self.days - self.start_day) / DAYS_PER_YEAR

    @property
    def water_table(self) -> bool:
        """Whether the lower end is a water table."""
        return self.hydraulics.bottom_head is not None

    @property
    def w_sink(self) -> Floats:
        """Water taken by roots and evaporation (day, layer), kg m-2 s-1."""
        return np.asarray(self.values["transpiration"] + self.values["evaporation"])


def read_folder(folder: Path) -> list[DailyColumn]:
    """Every ``*.nc`` of a folder, by name. Raises DailyFileError."""
    if not folder.is_dir():
        raise DailyFileError(f"{folder} is no folder; give the folder of daily column files (*.nc)")
    paths = sorted(folder.glob("*.nc"))
    if not paths:
        raise DailyFileError(f"{folder} holds no *.nc file; give the folder of daily column files")
    return [read_column(path) for path in paths]


def read_column(path: Path) -> DailyColumn:
    """One file, checked. Raises DailyFileError."""
    try:
        with xr.open_dataset(path, decode_times=False, mask_and_scale=True) as data:
            return _read(data, path)
    except (OSError, ValueError) as error:
        if isinstance(error, DailyFileError):
            raise
        raise DailyFileError(f"{path} cannot be read as netCDF ({' '.join(str(error).split())}); write it again") from None


def _read(data: xr.Dataset, path: Path) -> DailyColumn:
    for dimension in ("day", "layer"):
        if not data.sizes.get(dimension):
            raise DailyFileError(f"{path.name} has no dimension {dimension!r}; write the variables as (day, layer)")
    layers = data.sizes["layer"]
    values = {n: np.broadcast_to(_values(data, path, n, u, ("layer",), scalar=True), (layers,)) for n, u in STATIC_UNITS.items()}
    values |= {n: _values(data, path, n, u, ("day", "layer")) for n, u in LAYER_UNITS.items()}
    values |= {n: _values(data, path, n, u, ("day",)) for n, u in DAY_UNITS.items()}
    further = [v for v in table().select("static") if v.name in data and v.name not in (*STATIC_UNITS, *STARTED)]
    values |= {v.name: np.broadcast_to(_values(data, path, v.name, v.units, ("layer",), scalar=True), (layers,)) for v in further}
    if "irrigation" in data:
        values["irrigation"] = _values(data, path, "irrigation", "mm", ("day",))
    if (values["dz"] <= 0).any():  # before anything is divided by it
        raise DailyFileError(f"{path.name}: dz is {values['dz'].min():g} m; give thicknesses above 0")
    daily_ranges.check(values, path.name, DailyFileError)
    column = DailyColumn(path.stem, _start_day(data, path), values, read_hydraulics(data.attrs, path.name, DailyFileError))
    _check_water(column, path)
    return column


def _values(data: xr.Dataset, path: Path, name: str, unit: str, dims: tuple[str, ...], scalar: bool = False) -> Floats:
    """A variable in its unit and order of dimensions, finite."""
    if name not in data:
        raise DailyFileError(f"{path.name} has no variable {name!r} ({', '.join(dims)}) in {unit}; add it")
    variable = data[name]
    written = str(variable.attrs.get("units", unit))
    if not _same_unit(written, unit):
        raise DailyFileError(f"{path.name}: {name} is in {written!r}, not {unit!r}; convert it")
    if variable.dims != dims and not (scalar and variable.dims == ()):
        if set(variable.dims) != set(dims):
            raise DailyFileError(f"{path.name}: {name} has dimensions {variable.dims}, not {dims}")
        variable = variable.transpose(*dims)
    values = np.asarray(variable.values, dtype=np.float64)
    if not np.isfinite(values).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
        raise DailyFileError(f"{path.name}: {name} has a missing value at {where}; every value is needed")
    return values


def _same_unit(written: str, unit: str) -> bool:
    try:
        return any(cf_units.Unit(written) == cf_units.Unit(same) for same in SAME.get(unit, (unit,)))
    except ValueError:
        return False


def _start_day(data: xr.Dataset, path: Path) -> int:
    """The day of the attribute ``start_day``: 1 or more, so that there is a state to begin with, and before the last."""
    calendar = data.attrs.get("calendar", CALENDARS[0])
    if calendar not in CALENDARS:
        raise DailyFileError(f"{path.name}: calendar is {calendar!r}; give years of 365 days ('{CALENDARS[0]}')")
    try:
        given = float(data.attrs["start_day"])
        start = int(given)
    except (KeyError, ValueError, TypeError, OverflowError):
        given, start = np.nan, 0
    if given != start:
        raise DailyFileError(f"{path.name} has no whole number as its attribute start_day; add it") from None
    if not 1 <= start < data.sizes["day"]:
        raise DailyFileError(f"{path.name}: start_day is {start}; it must lie from 1 to {data.sizes['day'] - 1}")
    return start


def _check_water(column: DailyColumn, path: Path) -> None:
    """The water of the file adds up: a wrong sign or a rate per day shows here before it shows as chemistry."""
    stored = column["w_liq"].sum(1)
    entered = column["infiltration"] * SECONDS_PER_DAY
    left = (column["q_bot"] + column.w_sink.sum(1)) * SECONDS_PER_DAY
    gap = np.diff(stored) - (entered - left)[1:]
    turnover = np.abs(entered).sum() + np.abs(left).sum()
    if np.abs(gap).sum() > WATER_GAP * turnover:
        raise DailyFileError(
            f"{path.name}: w_liq changes by {np.abs(gap).mean():.2g} kg m-2 a day more or less than infiltration - "
            "transpiration - evaporation - q_bot; check their units and signs"
        )

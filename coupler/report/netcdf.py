"""CF-1.11 NetCDF of one scenario: yearly maps with the provenance of every field that went in.

What:    ``write`` makes ``<scenario>.nc`` with dims time, soil_layer, lat, lon; cells outside the domain are missing.
Units:   the contract's; stocks at the end of each year, rates and pH as means of the year.
Source:  CF conventions 1.11; standard names from variables.toml (none where CF has none).
Use:     ``write(Path("out/europe/baseline.nc"), domain, config, result, contract)``; the file appears whole or not at all.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from ...emulator.contract.variables import load_table
from ..config import RunConfig
from ..europe.domain import Domain
from ..land import history
from ..offline.checkpoint import KEPT
from ..offline.folder_lock import whole_file
from ..offline.on_disk import forget
from ..offline.records import MEAN_LAYER
from ..offline.results import Result

FILL = 9.96921e36  # netCDF default for float
# inputs of the run that are recorded beside the contract's outputs: name -> (units, long name)
DRIVERS = {
    "mineral_n": ("kg ha-1 year-1", "mineral nitrogen applied, as nitrogen"),
    "harvested_n": ("kg ha-1 year-1", "nitrogen demanded by the harvest, as nitrogen"),
    "supplied_n": ("kg ha-1 year-1", "nitrogen reaching the soil from all sources, as nitrogen"),
    "co2_src": ("kg m-2 s-1", "carbon dioxide produced by roots and decomposers, as carbon"),
    "drainage": ("kg m-2 s-1", "drainage through the bottom of the column"),
    "lime": ("kg m-2 s-1", "calcium carbonate spread on the surface"),
}
FLAG_NOTE = "any month of the year"


def grid(domain: Domain) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Latitudes (ascending) and longitudes of the enclosing regular grid, and each cell's row and column in it."""
    step = domain.degrees
    axis = lambda x: x.min() + step * np.arange(round((x.max() - x.min()) / step) + 1)  # noqa: E731
    lat, lon = axis(domain.lat), axis(domain.lon)
    place = lambda x, a: np.rint((x - a[0]) / step).astype(int)  # noqa: E731
    return lat, lon, place(domain.lat, lat), place(domain.lon, lon)


def _spread(values: np.ndarray, shape: tuple[int, int], row: np.ndarray, column: np.ndarray, fill: float) -> np.ndarray:
    """(…, cell) -> (…, lat, lon)."""
    full = np.full((*values.shape[:-1], *shape), fill, dtype=np.int32 if values.dtype.kind == "i" else np.float32)
    full[..., row, column] = values
    return full


def _coordinates(
    file: netCDF4.Dataset, lat: np.ndarray, lon: np.ndarray, years: np.ndarray, dz: np.ndarray, degrees: float
) -> None:
    file.createDimension("time", None)  # so that ncra and ncrcat work on it
    file.createDimension("soil_layer", len(dz))
    file.createDimension("lat", len(lat))
    file.createDimension("lon", len(lon))
    file.createDimension("bnds", 2)

    def axis(name: str, values: np.ndarray, bounds: np.ndarray, **attributes: Any) -> None:
        variable = file.createVariable(name, "f8", (name,))
        variable[:] = values
        variable.setncatts({**attributes, "bounds": f"{name}_bnds"})
        file.createVariable(f"{name}_bnds", "f8", (name, "bnds"))[:] = bounds

    begin = (years - years[0]) * 365.0
    axis(
        "time",
        begin + 182.5,
        np.stack([begin, begin + 365], 1),
        standard_name="time",
        long_name="middle of the year",
        units=f"days since {years[0]}-01-01",
        calendar="365_day",
        axis="T",
    )
    edge = np.concatenate([[0.0], np.cumsum(dz)])
    axis(
        "soil_layer",
        (edge[1:] + edge[:-1]) / 2,
        np.stack([edge[:-1], edge[1:]], 1),
        standard_name="depth",
        long_name="depth of the layer centre",
        units="m",
        positive="down",
        axis="Z",
    )
    half = degrees / 2
    axis(
        "lat",
        lat,
        np.stack([lat - half, lat + half], 1),
        standard_name="latitude",
        long_name="latitude",
        units="degrees_north",
        axis="Y",
    )
    axis(
        "lon",
        lon,
        np.stack([lon - half, lon + half], 1),
        standard_name="longitude",
        long_name="longitude",
        units="degrees_east",
        axis="X",
    )


def _attributes(result: Result, domain: Domain, config: RunConfig, contract: dict[str, Any], version: str) -> dict[str, Any]:
    tiers = {
        "A": "embedded default: climate and soil are synthetic, regression-calibrated",
        "B": "real fields, see each variable",
    }
    held = history.held(config.start_year, config.history)
    return {
        "Conventions": "CF-1.11",
        "title": f"Soil pH and inorganic carbon of calcareous arable soils in Europe: {result.scenario.title}",
        "institution": "calcisol",
        "source": f"calcisol {version}, emulator bundle {str(contract.get('records_sha256', ''))[:12]} trained on MIN3P",
        "history": f"calcisol run, scenario {result.scenario.name}, {len(result.years)} years, {config.spinup_years} of spin-up",
        "references": "see the attribute source of each variable",
        "comment": f"Tier {domain.tier} ({tiers[domain.tier]}). {result.scenario.description} "
        "Each cell stands for its calcareous arable soils (more than 2 % CaCO3); weight by the variable area. "
        "Every year has the same weather unless the scenario changes it." + (f" {held}" if held else ""),
        "scenario": result.scenario.name,
        "tier": domain.tier,
    }


def write(path: Path, domain: Domain, config: RunConfig, result: Result, contract: dict[str, Any], version: str) -> None:
    """Write one scenario atomically."""
    with whole_file(path, KEPT) as temporary, netCDF4.Dataset(temporary, "w") as file:
        lat, lon, *_ = grid(domain)
        _coordinates(file, lat, lon, result.years, np.array(config.layers), domain.degrees)
        file.setncatts(_attributes(result, domain, config, contract, version))
        put = _Writer(file, domain)
        _records(put, result)
        _inputs(put, domain)


class _Writer:
    """Puts values of cells into a file, on its grid."""

    def __init__(self, file: netCDF4.Dataset, domain: Domain) -> None:
        lat, lon, self.row, self.column = grid(domain)
        self.file, self.shape = file, (len(lat), len(lon))

    def __call__(self, name: str, dims: tuple[str, ...], values: np.ndarray, **attributes: Any) -> None:
        """(…, cell), or with time (year, cell[, layer]): written a year at a time."""
        integer = values.dtype.kind == "i"
        fill = -1.0 if integer else float(np.float32(FILL))
        pieces = tuple(1 if d == "time" else len(self.file.dimensions[d]) for d in dims)
        variable = self.file.createVariable(
            name, "i4" if integer else "f4", dims, zlib=True, complevel=3, shuffle=True, fill_value=fill, chunksizes=pieces
        )
        # a piece is written once and whole: the library would keep 64 MB of them for each variable until the file is closed
        variable.set_var_chunk_cache(size=4 * math.prod(len(self.file.dimensions[d]) for d in dims if d != "time"), nelems=1)
        variable.setncatts({k: v for k, v in attributes.items() if v is not None})
        if dims[0] != "time":
            variable[:] = _spread(values, self.shape, self.row, self.column, fill)
            return
        for year in range(len(values)):
            variable[year] = _spread(np.asarray(values[year]).T, self.shape, self.row, self.column, fill)
        forget([values])


def _records(put: _Writer, result: Result) -> None:
    """What the run recorded of each year."""
    table = load_table()
    known, layers, yearly = {v.name: v for v in table.variables}, ("time", "soil_layer", "lat", "lon"), ("time", "lat", "lon")
    for name, values in result.layer.items():
        if name == "flag":
            put(
                name,
                layers,
                values,
                long_name=f"what the emulator reports of the cell in {FLAG_NOTE}",
                standard_name="status_flag",
                flag_masks=np.array([1 << f.bit for f in table.flags], "i4"),
                flag_meanings=" ".join(f.name for f in table.flags),
            )
            continue
        mean = name in MEAN_LAYER
        put(
            name,
            layers,
            values,
            units=known[name].units,
            long_name=known[name].long_name,
            standard_name=known[name].standard_name,
            cell_methods="time: mean" if mean else "time: point (comment: at the end of the year)",
            comment=None if mean else "at the end of the year",
        )
    for name, values in result.column.items():
        units, long_name = DRIVERS.get(name) or (known[name].units, known[name].long_name)
        standard = known[name].standard_name if name in known else None
        put(name, yearly, values, units=units, long_name=long_name, standard_name=standard, cell_methods="time: mean")
    put(
        "sic_start",
        ("soil_layer", "lat", "lon"),
        result.start_sic.T,
        units="kg m-2",
        long_name="inorganic carbon in solid carbonate at the start of the first year, as carbon",
    )


def _inputs(put: _Writer, domain: Domain) -> None:
    """The fields that went in, each with its provenance."""
    for name, field in domain.fields.items():
        if field.values.ndim == 1:
            put(
                name if name not in put.file.variables else f"input_{name}",
                ("lat", "lon"),
                field.values,
                units=field.units,
                long_name=field.long_name,
                provenance=field.provenance,
                source=field.source,
                license=field.licence,
            )
    codes = sorted(set(domain.country.tolist()))
    put(
        "country",
        ("lat", "lon"),
        np.searchsorted(codes, domain.country).astype("i4"),
        long_name="country (ISO 3166-1 alpha-3)",
        flag_values=np.arange(len(codes), dtype="i4"),
        flag_meanings=" ".join(codes),
        provenance="real",
        source="Natural Earth 1:50m (world-atlas 2.0.2)",
        license="public domain",
    )

"""``dataset.calcisol``: sums and means of a run's NetCDF files in a notebook, with the right weights.

What:    an xarray accessor for <scenario>.nc: depth sums, area means, totals per country, what a scenario keeps, grids.
Units:   total: Tg (10^9 kg) for kg m-2, Tg per year for kg m-2 s-1 and kg ha-1 year-1, Gmol for mol; mean: the variable's own.
Source:  the variables ``area``, ``country`` and ``soil_layer_bnds`` of the file itself.
Use:     ``import calcisol.coupler.report.accessor``; ``xr.open_dataset("out/europe/baseline.nc").calcisol.total("sic")``.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..errors import ArgumentError
from ..offline.results import depth_share
from ..units import HA_M2, SECONDS_PER_YEAR


def _per_area(values: xr.DataArray) -> float:
    """1 for an amount per m2, 1e-4 per hectare, 0 for anything that is not an amount per area."""
    units = str(values.attrs.get("units", "")).split()
    return 1.0 if "m-2" in units else 1.0 / HA_M2 if "ha-1" in units else 0.0


@xr.register_dataset_accessor("calcisol")
class Accessor:
    """Methods on a Dataset of a run."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self._ds = dataset

    def _get(self, name: str) -> xr.DataArray:
        if name not in self._ds:
            raise ArgumentError(f"{name!r} is no variable of this file; it holds {', '.join(map(str, self._ds.data_vars))}")
        return self._ds[name]

    def depth(self, name: str, top: float = 0.0, bottom: float = np.inf) -> xr.DataArray:
        """Over a depth [m]: the sum of an amount per area, the mean by thickness of anything else; partial layers by share."""
        bounds = self._ds["soil_layer_bnds"].values
        if not 0 <= top < min(bottom, float(bounds[-1, 1])):
            raise ArgumentError(f"depth from {top:g} to {bottom:g} m must begin at 0 or more and end below that, in the soil")
        values, thickness = self._get(name), bounds[:, 1] - bounds[:, 0]
        weights = xr.DataArray(depth_share(thickness, top, min(bottom, float(bounds[-1, 1]))), dims="soil_layer")
        if not _per_area(values):  # pH of ten layers added up would be 70
            weights = weights * thickness
            weights = weights / weights.sum()
        made = (values * weights).sum("soil_layer", min_count=1, keep_attrs=True)
        return made.assign_attrs(values.attrs)

    def _flat(self, name: str) -> xr.DataArray:
        values = self._get(name)
        return self.depth(name) if "soil_layer" in values.dims else values

    def mean(self, name: str, country: str = "") -> xr.DataArray:
        """Area mean, over all cells or one country (ISO3)."""
        return self._flat(name).weighted(self._area(country)).mean(("lat", "lon"))

    def total(self, name: str, country: str = "") -> xr.DataArray:
        """Sum over the calcareous arable area: Tg, or Tg per year for rates."""
        values = self._flat(name)
        units, area = str(values.attrs.get("units", "")), _per_area(values)
        if not area:
            raise ArgumentError(f"{name} [{units or '1'}] is no amount per area and has no total; use .calcisol.mean({name!r})")
        rate = SECONDS_PER_YEAR if units.endswith("s-1") else 1.0
        return (values * self._area(country)).sum(("lat", "lon")) * area * rate * 1e-9

    def by_country(self, name: str) -> xr.DataArray:
        """``total`` of every country, with a dimension country."""
        codes = self.countries()
        return xr.concat([self.total(name, c) for c in codes], dim=xr.IndexVariable("country", codes))

    def kept(self, baseline: xr.Dataset) -> xr.DataArray:
        """Solid inorganic carbon this run has more than another, kg C m-2 (time, lat, lon)."""
        mine, other = self.depth("sic"), baseline.calcisol.depth("sic")
        try:
            mine, other = xr.align(mine, other, join="exact")
        except ValueError:
            raise ArgumentError("the two runs differ in years or cells; compare runs of one configuration") from None
        return mine - other

    def countries(self) -> list[str]:
        """ISO3 codes in the file."""
        return str(self._get("country").attrs["flag_meanings"]).split()

    def grid(self, name: str) -> xr.DataArray:
        """A variable of a run on the user's grid, its gathered columns put back in place (…, y, x), with its coordinates."""
        values, ds = self._get(name), self._ds
        index = ds["column"]
        dims = str(index.attrs.get("compress", "")).split()
        if len(dims) != 2:
            raise ArgumentError("this file has no gathered columns (attribute compress of the variable column)")
        shape = tuple(ds.sizes[d] for d in dims)
        rest = [d for d in values.dims if d != "column"]
        moved = values.transpose(*rest, "column")
        full = np.full((*moved.shape[:-1], shape[0] * shape[1]), np.nan)
        full[..., np.asarray(index.values, int)] = moved.values
        kept = {n: c for n, c in values.coords.items() if "column" not in c.dims}
        kept |= {n: ds[n] for n in ds.variables if set(ds[n].dims) <= {*rest, *dims} and set(ds[n].dims) & set(dims)}
        return xr.DataArray(
            full.reshape(*moved.shape[:-1], *shape), coords=kept, dims=[*rest, *dims], attrs=values.attrs, name=name
        )

    def _area(self, country: str) -> xr.DataArray:
        area = self._get("area").fillna(0.0)
        if not country:
            return area
        codes = self.countries()
        if country not in codes:
            raise ArgumentError(f"{country!r} is no country of this file; it holds {', '.join(codes)}")
        return area.where(self._get("country") == codes.index(country), 0.0)

"""A forcing file of your own in ten lines of xarray: two columns, five layers, one year of months.

What:    writes forcing.nc; look at it with `calcisol check forcing.nc`, run it with `calcisol run own_forcing.toml`.
Units:   any that calcisol can convert; here degC, %, mm/month become K, kg kg-1 and kg m-2 s-1.
Shapes:  (time, column, soil_layer), layer 1 at the surface; static soil (column, soil_layer) or (soil_layer).
"""

import numpy as np
import xarray as xr

edges = xr.date_range("2001-01-01", periods=13, freq="MS", calendar="noleap", use_cftime=True)  # of the months
layer, column = ("time", "column", "soil_layer"), ("time", "column")
season = np.cos(2 * np.pi * (np.arange(12) - 0.3) / 12)[:, None, None]
data = xr.Dataset(coords={"time": ("time", edges[1:], {"bounds": "time_bnds"})})
data.time.encoding = {"units": "days since 2001-01-01", "calendar": "noleap"}
data["time_bnds"] = (("time", "bnds"), np.stack([edges[:-1], edges[1:]], axis=1))
data["dz"] = ("soil_layer", [0.1, 0.2, 0.3, 0.4, 0.5], {"units": "m"})
data["caco3"] = (("column", "soil_layer"), [[5.0] * 5, [20.0] * 5], {"units": "%"})
data["w_liq"] = (layer, 300.0 * data.dz.values * np.ones((12, 2, 1)), {"units": "kg m-2"})
data["t_soil"] = (layer, 11.0 - 8.0 * season * np.ones((1, 2, 5)), {"units": "degC", "standard_name": "soil_temperature"})
data["q_bot"] = (column, np.full((12, 2), 20.0), {"units": "mm/month"})
data["co2_src_total"] = (column, np.full((12, 2), 500.0), {"units": "g m-2 yr-1"})
data.to_netcdf("forcing.nc")

#!/bin/bash
# Below valid_min: a value for xarray and NCO, missing for netCDF4-python, and for CDO only where there is a _FillValue, too.
#
# Versions:  xarray 2026.9.0, netCDF4 1.7.4, CDO 2.1.1, NCO 5.1.4 (Debian 12), Python 3.11; seen on 2026-11-30
# Behaviour: the minimum of 1, 2, 3, -5 with valid_min = 0, in a file without _FillValue and in one with _FillValue = 1e20, which no
#            value has. netCDF4-python: 1, 1. CDO: -5, 1. xarray (mask_and_scale=True, the default): -5, -5. NCO: -5, -5.
# Surprise:  CF says that values outside the valid range are missing. A check with CDO may pass while xarray, which reads through
#            netCDF4-python but turns its masking off, computes with the value that CDO did not see; and whether CDO sees it
#            depends on an attribute that has nothing to do with it.
# Output:    plain: xarray -5.0, netCDF4 1.0, CDO -5, NCO -5
#            fill: xarray -5.0, netCDF4 1.0, CDO 1, NCO -5
set -euo pipefail
for tool in cdo ncwa; do
  command -v "$tool" > /dev/null || { echo "needs cdo and nco" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install xarray==2026.9.0 netCDF4==1.7.4
cat > "$work/try.py" <<'PY'
import sys

import netCDF4
import numpy as np
import xarray as xr

with netCDF4.Dataset(sys.argv[1], "w") as file:
    for name, units in (("lat", "degrees_north"), ("lon", "degrees_east")):
        file.createDimension(name, 2)
        file.createVariable(name, "f8", (name,)).units = units
        file[name][:] = [50.0, 51.0]
    rain = file.createVariable("pr", "f8", ("lat", "lon"), fill_value=1e20 if sys.argv[2] == "fill" else None)
    rain.setncatts({"units": "mm", "valid_min": 0.0})
    rain.set_auto_mask(False)
    rain[:] = np.array([[1.0, 2.0], [3.0, -5.0]])
with xr.open_dataset(sys.argv[1]) as data, netCDF4.Dataset(sys.argv[1]) as file:
    print(f"{sys.argv[2]}: xarray {data['pr'].min().item()}, netCDF4 {file['pr'][:].min()}", end="")
PY
for kind in plain fill; do
  "$work/venv/bin/python" "$work/try.py" "$work/$kind.nc" "$kind"
  ncwa -O -y min -v pr "$work/$kind.nc" "$work/min.nc"
  echo ", CDO $(cdo -s outputf,%g -fldmin "$work/$kind.nc"), NCO $(ncks -H -C -s '%g' -v pr "$work/min.nc")"
done | tee "$work/out"
diff "$work/out" - <<'OUT'
plain: xarray -5.0, netCDF4 1.0, CDO -5, NCO -5
fill: xarray -5.0, netCDF4 1.0, CDO 1, NCO -5
OUT

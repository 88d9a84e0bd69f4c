#!/bin/bash
# cdo monmean of daily values without bounds writes bounds that leave out a day of each month: a year of 353 days.
#
# Versions:  CDO 2.1.1 (Debian 12: apt-get install cdo), netCDF4 1.7.4, Python 3.11; seen on 2026-11-30
# Behaviour: 365 daily values stamped at 0:00, no time bounds. monmean makes bounds from the first to the last stamp of each
#            month: 0-30, 31-58, 59-89 days. Twelve steps, 353 days in all, a gap of a day between any two.
#            `cdo settbounds,month` gives 365.
# Surprise:  the file had no bounds, so CDO could leave them out; those it invents are CF, plausible, and wrong. A model that takes
#            the length of a step from them loses 3.3 % of every flux, and the budget still closes.
# Output:    monmean: 353.0 days, 11 gaps
#            settbounds,month: 365.0 days, 0 gaps
set -euo pipefail
command -v cdo > /dev/null || { echo "needs cdo" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install netCDF4==1.7.4
cat > "$work/make.py" <<'PY'
import sys

import netCDF4
import numpy as np

with netCDF4.Dataset(sys.argv[1], "w") as file:
    for name, size in (("time", 365), ("lat", 1), ("lon", 1)):
        file.createDimension(name, size)
    time = file.createVariable("time", "f8", ("time",))
    time.setncatts({"units": "days since 2001-01-01", "standard_name": "time"})
    time[:] = np.arange(365.0)
    for name, units in (("lat", "degrees_north"), ("lon", "degrees_east")):
        file.createVariable(name, "f8", (name,)).units = units
        file[name][:] = 50.0
    file.createVariable("tas", "f8", ("time", "lat", "lon"))[:] = 283.0
PY
cat > "$work/look.py" <<'PY'
import sys

import netCDF4

for name, words in zip(sys.argv[1::2], sys.argv[2::2]):
    with netCDF4.Dataset(name) as file:
        bounds = file["time_bnds"][:]
        print(f"{words}: {(bounds[:, 1] - bounds[:, 0]).sum()} days, {(bounds[1:, 0] > bounds[:-1, 1]).sum()} gaps")
PY
"$work/venv/bin/python" "$work/make.py" "$work/day.nc"
cdo -s monmean "$work/day.nc" "$work/month.nc"
cdo -s settbounds,month "$work/month.nc" "$work/set.nc"
"$work/venv/bin/python" "$work/look.py" "$work/month.nc" monmean "$work/set.nc" settbounds,month | tee "$work/out"
diff "$work/out" - <<'OUT'
monmean: 353.0 days, 11 gaps
settbounds,month: 365.0 days, 0 gaps
OUT

#!/bin/bash
# cdo monmean of daily amounts writes means of a day and goes on saying "time: sum".
#
# Versions:  CDO 2.1.1 (Debian 12: apt-get install cdo), netCDF4 1.7.4, Python 3.11; seen on 2026-11-30
# Behaviour: daily precipitation of 1 mm with cell_methods "time: sum". monsum gives 31 and 28 mm, monmean 1 mm, both with the
#            cell_methods of the input. After monmean the file says that each value is the sum over its step, a month, by bounds
#            and cell_methods; it is the mean of sums over a day.
# Surprise:  CDO writes new time bounds for the month, so it knows that the meaning of a step has changed, but leaves the one
#            attribute that says what was done over it. Who follows CF divides 1 mm by 31 days. Nothing but "history" tells.
# Output:    monsum 31.0 28.0 mm "time: sum" over 31.0 28.0 days
#            monmean 1.0 1.0 mm "time: sum" over 31.0 28.0 days
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
    for name, size in (("time", 59), ("lat", 1), ("lon", 1), ("bnds", 2)):
        file.createDimension(name, size)
    days = np.arange(59.0)
    time = file.createVariable("time", "f8", ("time",))
    time.setncatts({"units": "days since 2001-01-01", "standard_name": "time", "bounds": "time_bnds"})
    time[:] = days
    file.createVariable("time_bnds", "f8", ("time", "bnds"))[:] = np.stack([days, days + 1], 1)
    for name, units in (("lat", "degrees_north"), ("lon", "degrees_east")):
        file.createVariable(name, "f8", (name,)).units = units
        file[name][:] = 50.0
    rain = file.createVariable("pr", "f8", ("time", "lat", "lon"))
    rain.setncatts({"units": "mm", "cell_methods": "time: sum"})
    rain[:] = 1.0
PY
cat > "$work/look.py" <<'PY'
import sys

import netCDF4

for name in sys.argv[1:]:
    with netCDF4.Dataset(name) as file:
        rain, bounds = file["pr"], file["time_bnds"][:]
        values, days = " ".join(map(str, rain[:, 0, 0])), " ".join(map(str, bounds[:, 1] - bounds[:, 0]))
        print(f'{name.split("/")[-1][:-3]} {values} {rain.units} "{rain.cell_methods}" over {days} days')
PY
"$work/venv/bin/python" "$work/make.py" "$work/day.nc"
for operator in monsum monmean; do cdo -s "$operator" "$work/day.nc" "$work/$operator.nc"; done
"$work/venv/bin/python" "$work/look.py" "$work/monsum.nc" "$work/monmean.nc" | tee "$work/out"
diff "$work/out" - <<'OUT'
monsum 31.0 28.0 mm "time: sum" over 31.0 28.0 days
monmean 1.0 1.0 mm "time: sum" over 31.0 28.0 days
OUT

#!/bin/bash
# ncra of a year of daily values writes the time bounds of its middle day, also for a total of the year.
#
# Versions:  NCO 5.1.4 (Debian 12: apt-get install nco), netCDF4 1.7.4, Python 3.11; seen on 2026-11-30
# Behaviour: bounds are averaged as any variable is: 365 days with their bounds become one step whose bounds are those of 2 July.
#            The mean of daily amounts is told by "time: sum time: mean", the total of -y ttl, 365 mm, by "time: sum" alone.
# Surprise:  NCO knows the bounds as such (it copies them with their variable), and time itself has to be averaged. By CF the
#            total now says 365 mm in one day; a chain of years made so has 364 days missing between one step and the next.
# Output:    avg 1.0 mm "time: sum time: mean" over 1.0 day from 182.0
#            ttl 365.0 mm "time: sum" over 1.0 day from 182.0
set -euo pipefail
command -v ncra > /dev/null || { echo "needs nco" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install netCDF4==1.7.4
cat > "$work/make.py" <<'PY'
import sys

import netCDF4
import numpy as np

with netCDF4.Dataset(sys.argv[1], "w") as file:
    for name, size in (("time", None), ("bnds", 2)):
        file.createDimension(name, size)
    days = np.arange(365.0)
    time = file.createVariable("time", "f8", ("time",))
    time.setncatts({"units": "days since 2001-01-01", "standard_name": "time", "bounds": "time_bnds"})
    time[:] = days + 0.5
    file.createVariable("time_bnds", "f8", ("time", "bnds"))[:] = np.stack([days, days + 1], 1)
    rain = file.createVariable("pr", "f8", ("time",))
    rain.setncatts({"units": "mm", "cell_methods": "time: sum"})
    rain[:] = 1.0
PY
cat > "$work/look.py" <<'PY'
import sys

import netCDF4

for name in sys.argv[1:]:
    with netCDF4.Dataset(name) as file:
        rain, (first, last) = file["pr"], file["time_bnds"][0]
        print(f'{name.split("/")[-1][:-3]} {rain[0]} {rain.units} "{rain.cell_methods}" over {last - first} day from {first}')
PY
"$work/venv/bin/python" "$work/make.py" "$work/day.nc"
for operation in avg ttl; do ncra -y "$operation" "$work/day.nc" "$work/$operation.nc"; done
"$work/venv/bin/python" "$work/look.py" "$work/avg.nc" "$work/ttl.nc" | tee "$work/out"
diff "$work/out" - <<'OUT'
avg 1.0 mm "time: sum time: mean" over 1.0 day from 182.0
ttl 365.0 mm "time: sum" over 1.0 day from 182.0
OUT

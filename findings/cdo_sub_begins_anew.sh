#!/bin/bash
# cdo sub of two runs of different length: the shorter one begins anew where it ends, and the warning names the wrong file.
#
# Versions:  CDO 2.1.1 (Debian 12: apt-get install cdo), netCDF4 1.7.4, Python 3.11; seen on 2026-11-30
# Behaviour: months 1 to 12 minus months 1 to 5 of the same values gives zeros for five months, then 6 - 1, 7 - 2, ... 11 - 1, 12 - 2,
#            under the dates of the longer file, exit status 0. The warning says that stream2 has more time steps than stream1: it
#            has fewer. The other way round the result ends with the shorter file, under the same warning, which is then true.
# Surprise:  the manual lets one of the files have a single time step; that any number is repeated is what nobody who compares an
#            interrupted run with a whole one expects, and dates, which CDO knows of both, are not compared.
# Output:    long - short: 0.0 0.0 0.0 0.0 0.0 5.0 5.0 5.0 5.0 5.0 10.0 10.0
#            short - long: 0.0 0.0 0.0 0.0 0.0
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
    for name, size in (("time", None), ("lat", 1), ("lon", 1)):
        file.createDimension(name, size)
    months = np.arange(1.0, int(sys.argv[2]) + 1)
    time = file.createVariable("time", "f8", ("time",))
    time.setncatts({"units": "days since 2001-01-01", "standard_name": "time"})
    time[:] = 30.0 * months
    for name, units in (("lat", "degrees_north"), ("lon", "degrees_east")):
        file.createVariable(name, "f8", (name,)).units = units
        file[name][:] = 50.0
    loss = file.createVariable("loss", "f8", ("time", "lat", "lon"))
    loss.units = "mol m-2"
    loss[:] = months[:, None, None]
PY
cat > "$work/look.py" <<'PY'
import sys

import netCDF4

with netCDF4.Dataset(sys.argv[2]) as file:
    print(f"{sys.argv[1]}:", " ".join(map(str, file["loss"][:, 0, 0])))
PY
"$work/venv/bin/python" "$work/make.py" "$work/long.nc" 12
"$work/venv/bin/python" "$work/make.py" "$work/short.nc" 5
for pair in "long short a" "short long b"; do
  read -r first other result <<< "$pair"
  cdo -s sub "$work/$first.nc" "$work/$other.nc" "$work/$result.nc" 2> "$work/said"
  grep -q "stream2 has more time steps than stream1" "$work/said"
done
{ "$work/venv/bin/python" "$work/look.py" "long - short" "$work/a.nc"; "$work/venv/bin/python" "$work/look.py" "short - long" "$work/b.nc"; } | tee "$work/out"
diff "$work/out" - <<'OUT'
long - short: 0.0 0.0 0.0 0.0 0.0 5.0 5.0 5.0 5.0 5.0 10.0 10.0
short - long: 0.0 0.0 0.0 0.0 0.0
OUT

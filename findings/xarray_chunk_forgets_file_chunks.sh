#!/bin/bash
# Dataset.chunk({}) after opening makes one piece of a variable; open_dataset(chunks={}) keeps the pieces of the file.
#
# Versions:  xarray 2026.9.0, dask 2026.8.0, netCDF4 1.7.4, Python 3.11; seen on 2026-11-30
# Behaviour: a NetCDF file of 100 steps is chunked a step a piece. open_dataset(path, chunks={}) gives 100 pieces, as documented.
#            open_dataset(path).chunk({}) gives 1, though the variable still carries preferred_chunks of one step in its encoding.
#            Any function mapped over the second one then reads the whole variable to answer for one step.
# Surprise:  the empty dictionary means "as the file has it" in one place and "all in one" in the other; the two lines look like
#            the same thing said in two ways. On a series of decades it is the difference between 0.5 and several tens of GB.
# Output:    open_dataset(chunks={}): 100 pieces
#            open_dataset().chunk({}): 1 pieces
#            preferred: {'time': 1, 'y': 20, 'x': 30}
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install xarray==2026.9.0 dask==2026.8.0 netCDF4==1.7.4
cat > "$work/try.py" <<'PY'
import sys

import numpy as np
import xarray as xr

path = sys.argv[1]
data = xr.Dataset({"a": (("time", "y", "x"), np.zeros((100, 20, 30)))})
data.to_netcdf(path, encoding={"a": {"chunksizes": (1, 20, 30)}})
with xr.open_dataset(path, chunks={}) as kept, xr.open_dataset(path) as plain:
    made = plain.chunk({})
    print("open_dataset(chunks={}):", kept["a"].data.npartitions, "pieces")
    print("open_dataset().chunk({}):", made["a"].data.npartitions, "pieces")
    print("preferred:", plain["a"].encoding["preferred_chunks"])
PY
"$work/venv/bin/python" "$work/try.py" "$work/a.nc" | tee "$work/out"
diff "$work/out" - <<'OUT'
open_dataset(chunks={}): 100 pieces
open_dataset().chunk({}): 1 pieces
preferred: {'time': 1, 'y': 20, 'x': 30}
OUT

#!/bin/bash
# aquacrop fills its tables of water with zeros from the last harvest to the end of the simulation that was asked for.
#
# Versions:  aquacrop 3.1.0 with its own climate of Tunis, Python 3.11; seen on 2026-11-30
# Behaviour: wheat on loam, 1 October 1980 to 30 September 1982, off_season=True (simulate between seasons). Up to the second
#            harvest, rain = fluxes + change of storage to 1e-12 mm. The 137 days after it are there as rows of zeros: water content 0
#            in every layer, no drainage, no evaporation, step 0; 67 mm of rain fall on them. No warning.
# Surprise:  the days between two harvests are simulated as asked for, those after the last are not, though the tables reach to the
#            last day of the simulation. Sums by year and means of soil water over the table take the zeros for results.
# Output:    rows 730 of 730 days, simulated 593, zeros 137, rain on them 66.8 mm
#            balance of the simulated days closes: True
#            mean water content 0.1776, of the simulated days 0.2186
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install aquacrop==3.1.0
cat > "$work/run.py" <<'PY'
import os
import warnings

os.environ["DEVELOPMENT"] = "True"  # as its README says: no ahead-of-time compilation
warnings.filterwarnings("ignore")
import numpy as np
from aquacrop import AquaCropModel, Crop, InitialWaterContent, Soil
from aquacrop.utils import get_filepath, prepare_weather

first, last = "1980/10/01", "1982/09/30"
weather = prepare_weather(get_filepath("tunis_climate.txt"))
wheat = Crop("Wheat", planting_date="11/01")
model = AquaCropModel(first, last, weather, Soil("Loam"), wheat, InitialWaterContent(value=["FC"]), off_season=True)
model.run_model(till_termination=True)
flux, storage = model._outputs.water_flux, model._outputs.water_storage
days = weather[(weather["Date"] >= first) & (weather["Date"] <= last)]
rain = days["Precipitation"].to_numpy()
content = storage.filter(like="th").to_numpy()
thickness = 1000 * model._param_struct.Soil.profile.dz.to_numpy()
live = content.any(1)
print(f"rows {len(flux)} of {len(days)} days, simulated {live.sum()}, zeros {(~live).sum()}, rain on them {rain[~live].sum():.1f} mm")
stored = np.diff((content * thickness).sum(1) + flux["surface_storage"].to_numpy())
out = flux[["Runoff", "DeepPerc", "Es", "Tr"]].sum(axis=1).to_numpy()[1:]
error = (rain[1:] - out - stored)[live[1:]]
print("balance of the simulated days closes:", bool(np.abs(error).max() < 1e-9))
print(f"mean water content {content.mean():.4f}, of the simulated days {content[live].mean():.4f}")
PY
"$work/venv/bin/python" "$work/run.py" | tee "$work/out"
diff "$work/out" - <<'OUT'
rows 730 of 730 days, simulated 593, zeros 137, rain on them 66.8 mm
balance of the simulated days closes: True
mean water content 0.1776, of the simulated days 0.2186
OUT

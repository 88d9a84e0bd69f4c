"""Readings of a liming experiment of Rothamsted Research as `calcisol plot` takes them.

Use:     download soil_data.csv of doi:10.23637/rcs10-soil-01 (Rothamsted) or doi:10.23637/wcs10-soil-02 (Woburn), then
         ``python readings.py soil_data.csv rothamsted_readings.csv`` and ``calcisol plot rothamsted.toml``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from calcisol.coupler.evaluation.field_trials import readings, write_readings

if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:3])
    found = readings(source)
    write_readings(target, found)
    print(f"{len(found)} readings in {target}")

"""One calcareous column through a year of daily steps, from Python.

What:    a metre of soil with 5 % CaCO3, respiring, leaching; prints the state of the column at the end of each quarter.
Shapes:  one column of ten layers, (1, 10); layer 1 at the surface.
Use:     ``python one_column.py [BUNDLE]``; without an argument the bundle that ships with calcisol
"""

import sys

import calcisol
import numpy as np

DAY = 86400.0  # s
LAYERS = 10

soil = {
    "dz": np.full(LAYERS, 0.1),  # m
    "clay": 0.25,  # kg kg-1
    "soc": 0.015,
    "caco3": 0.05,
}

with calcisol.Model(sys.argv[1] if len(sys.argv) > 1 else None, tile_columns=8) as model:
    columns = model.columns(soil, ncol=1)
    leached = 0.0  # kg C m-2
    print("  day   pH top  pH bottom  SIC [kg m-2]  DIC leached [g m-2]")
    for day in range(1, 366):
        season = np.cos(2.0 * np.pi * (day - 200) / 365.0)  # warmest on day 200
        out = columns.step(
            DAY,
            {
                "w_liq": 25.0 - 5.0 * season,  # kg m-2 in each layer; a scalar stands for all cells
                "t_soil": 283.15 + 8.0 * season,  # K
                "q_bot": 250.0 / (365.0 * DAY),  # kg m-2 s-1, 250 mm of drainage a year
                "co2_src_total": 0.6 / (365.0 * DAY) * (1.0 + 0.8 * season),  # kg C m-2 s-1
            },
        )
        leached += out["dic_leach"][0] * DAY
        if day in (91, 182, 273, 365):
            ph = out["ph"][0]
            print(f"{day:5d} {ph[0]:8.3f} {ph[-1]:10.3f} {out['sic'].sum():13.4f} {1000.0 * leached:20.4f}")

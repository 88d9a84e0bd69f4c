"""Stands in for a MIN3P that may know roots and evaporation: writes the steps of a column in which water alone moves.

What:    reads the deck and its files; one step a day; every cell keeps its state, roots take ROOTS from each of the upper cells
         and the soil loses BARE from the top, the rest of the rain drains; nothing is dissolved in rain (so that a column
         with passive uptake does not balance).
Use:     ``install(path, log)``; ``kind`` "full", "no roots" (stops without a word, as the public build) or "no evaporation".
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOTS, BARE = 2e-4, 1e-3  # m a day, of each of the first three cells and of the first
PROGRAM = """#!{python} -S
import os, sys

lines = open("soil.dat").read().split("\\n")
at = lambda title: lines.index("'" + title + "'")
with open({log!r}, "a") as stream:
    stream.write(os.path.basename(os.getcwd()) + "\\n")
rooted = "'root water uptake'" in lines
if rooted and {kind!r} == "no roots":
    sys.exit(0)
cells = int(lines[at("output of transient data") + 1])
days = int(float(lines[at("output of spatial data") + 2]))
named = lambda title: [n.strip("'") for n in lines[at(title) + 2 : at(title) + 2 + int(lines[at(title) + 1])]]
components, minerals, sorbed = named("components"), named("minerals"), named("sorbed species of ion-exchange")
rain = [float(row.split()[1]) * 86400.0 for row in open("soil.bcvs")][:days]
steps = [(i + 1.0, rain[i]) for i in range(days)]
times = [0.0] + [t for t, _ in steps]


def digits(values):
    return "".join(f"{{v:25.16E}}".replace("E+", "E+0").replace("E-", "E-0") for v in values)


stamps = [digits([t]) for t in times]


def write(name, columns, rows):
    # rows of values by step, or one row that holds at every time
    with open(name, "w") as stream:
        names = ", ".join('"' + c + '"' for c in ["time", *columns])
        stream.write('title = "dataset soil"\\nvariables = ' + names + '\\nzone t = "made", f=point\\n')
        if isinstance(rows, tuple):
            same = digits(rows) + "\\n"
            stream.write("".join(stamp + same for stamp in stamps))
        else:
            stream.write("".join(digits(row) + "\\n" for row in rows))


losses = []
for cell in range(cells, 0, -1):
    depth = cells - cell
    root = {roots!r} if rooted and depth < 3 else 0.0
    bare = {bare!r} if rooted and depth == 0 and {kind!r} != "no evaporation" else 0.0
    losses.append(root + bare)
    stem = f"soil_{{cell}}."
    write(stem + "gbp", ["theta_a", "rootwat", "evapo", "temp"], (0.25, root, bare, 10.0))
    write(stem + "gbt", components, (1e-3,) * len(components))
    write(stem + "gbm", ["pH", "ionic strength"], (7.0 + 0.01 * depth, 5e-3))
    write(stem + "gbg", ["co2(g)"], (0.01,))
    write(stem + "gbv", minerals, (1e-2,) * len(minerals))
    write(stem + "gbb", sorbed, (1.0,) * len(sorbed))
flows = ["mass influx", "mass outflux", "mass influx (gas phase)", "mass outflux (gas phase)"]
for number in range(1, len(components) + 1):
    titles = [f"total {{f}} [mol/elapsed time]" for f in flows]
    write(f"soil_{{number}}.mac", titles, (0.0,) * 4)
taken = sum(losses)
write("soil_o.mvc", ["inflow", "outflow", "storage", "root"], [(t, q, q - taken, 0.0, taken) for t, q in steps])
with open("soil.log", "w") as stream:
    stream.write("#Version     : 2.6.2.880\\n total number of time steps = 12\\n ***** normal exit *****\\n")
"""


def install(path: Path, log: Path, kind: str = "full") -> Path:
    """Write the program to ``path`` and make it executable; ``log`` gets the name of each run folder."""
    path.write_text(PROGRAM.format(python=sys.executable, log=str(log), kind=kind, roots=ROOTS, bare=BARE))
    path.chmod(0o755)
    return path

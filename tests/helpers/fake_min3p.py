"""Stands in for MIN3P where its chemistry does not matter: writes the output of a finished run in which nothing happens.

What:    reads ``column.json`` beside it; every layer keeps its state, nothing enters or leaves, so that all budgets close.
Use:     ``install(path, log, seconds=0.2, kills={3: 1})`` writes it as an executable. ``log`` gets "begin N" and "end N" per
         member; ``kills`` says how many times a member kills its parent, the worker, before it ends as it should.
"""

from __future__ import annotations

import sys
from pathlib import Path

PROGRAM = """#!{python} -S
import json, os, signal, time

record = json.load(open("column.json"))
index = record["labels"]["index"]


def tell(word):
    with open({log!r}, "a") as stream:
        stream.write(f"{{word}} {{index}}\\n")


tell("begin")
if open({log!r}).readlines().count(f"begin {{index}}\\n") <= {kills!r}.get(index, 0):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60.0)  # the kernel ends this process with its parent
time.sleep({seconds!r})
month, layers, months = 365.0 / 12.0, len(record["thickness"]), record["months"]
families = {{
    "gst": {{c: 1e-3 for c in record["components"]}}, "gsg": {{"co2(g)": 0.01}}, "gsp": {{"theta_a": 0.2}},
    "gsm": {{"pH": 7.0, "ionic strength": 5e-3, "temperature": 10.0}},
    "gsv": {{m: 1e-2 for m in record["minerals"]}}, "gsb": {{s: 1.0 for s in record["sorbed"]}},
}}
for family, columns in families.items():
    names = ", ".join(f'"{{n}}"' for n in ("x", "y", "z", *columns))
    values = " ".join(f"{{v:.9E}}" for v in columns.values())
    rows = "".join(f" 0.5 0.5 {{i}}.5 {{values}}\\n" for i in range(layers))
    for i in range(months + 1):
        with open(f"soil_{{i}}.{{family}}", "w") as stream:
            stream.write(f'variables = {{names}}\\nzone t = "T = {{i * month:.6E}} days"\\n{{rows}}')
flows = ("mass influx", "mass outflux", "mass influx (gas phase)", "mass outflux (gas phase)")
names = ", ".join(f'"total {{f}} [mol/elapsed time]"' for f in flows)
for number, component in enumerate(record["components"], 1):
    with open(f"soil_{{number}}.mac", "w") as stream:
        stream.write(f'variables = "time", {{names}}\\nzone t = "mass balance for component {{component}}"\\n')
        stream.write(f" 0.0 0.0 0.0 0.0 0.0\\n {{months * month:.6f}} 0.0 0.0 0.0 0.0\\n")
with open("soil_o.mvc", "w") as stream:
    stream.write(f'variables = "time", "in", "out"\\nzone t = "water"\\n 0.0 0.0 0.0\\n {{months * month:.6f}} 0.0 0.0\\n')
with open("soil.log", "w") as stream:
    stream.write("#Version     : 2.6.2.880\\n total number of time steps = 12\\n ***** normal exit *****\\n")
tell("end")
"""


def install(path: Path, log: Path, seconds: float = 0.0, kills: dict[int, int] | None = None) -> Path:
    """Write the program to ``path`` and make it executable."""
    path.write_text(PROGRAM.format(python=sys.executable, log=str(log), seconds=seconds, kills=kills or {}))
    path.chmod(0o755)
    return path


def told(log: Path, word: str) -> list[int]:
    """Members that the log names with ``word`` ("begin" or "end"), in order."""
    lines = log.read_text().split("\n") if log.is_file() else []
    return [int(line.split()[1]) for line in lines if line.startswith(word + " ")]

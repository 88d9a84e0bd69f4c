"""``calcisol plot SITE.toml``: simulate a plot, write its tables and picture, say how well it meets the readings.

What:    ``run`` does it; what is printed is what an agronomist asks first.
Errors:  those of read_site.py; one run a folder at a time.
Use:     ``run(Path("SITE.toml"), Path("out/plot"), bundle=None, fit="", version="0.1")``
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from ..library.model import Model
from ..offline.folder_lock import folder_lock, whole_file
from . import fit as fitting
from . import outputs, picture
from .read_site import read_site
from .simulate import Result, simulate
from .skill import NAMES, pairs, scores

NOTES = {
    "fallback": "the physical step went without the network, which has not seen such soil (usual without carbonate)",
    "residual": "pH was not found to tolerance; budgets hold",
    "invalid": "nothing could be stepped; please report it with the file of the plot",
}
"""What flags of a cell mean to whoever has a plot."""


def started(result: Result) -> list[str]:
    """What the first state was made of, a line for each surveyed layer."""
    found, s, top = [], result.start, 0.0
    for i, edge in enumerate(result.ground.edges):
        if not any(abs(edge - e) < 0.005 for e in result.site.soil.edges):
            continue
        held = ", ".join(f"{ion.capitalize()} {1e3 * s.bases[ion][i]:.1f}" for ion in s.bases)
        off = f" (survey {result.ground.ph[i]:.2f}: out of reach)" if abs(s.off[i]) > 0.02 else ""
        made = f"pH {s.ph[i]:.2f}{off}, capacity {1e3 * s.capacity[i]:.0f}, {held} mmolc/kg; {s.rule[i]}"
        found.append(f"  {100 * top:3.0f}-{100 * edge:3.0f} cm: {made}")
        top = edge
    return found


def told(result: Result) -> list[str]:
    """Skill of pH in lines."""
    found = []
    for what, name in (("ph_h2o", "pH in water"), ("ph_cacl2", "pH in CaCl2")):
        for group, s in scores(pairs(result, what)).items():
            if group == "all" or "," not in group:
                found.append(
                    f"{name}, {group}: {s.count} readings, bias {s.bias:+.2f}, rmse {s.rmse:.2f} ({s.verdict}); "
                    f"start stays {s.start_stays:.2f}, line {s.line:.2f}, level means {s.level_mean:.2f}, noise {s.noise:.2f}"
                )
    used = sum(len(pairs(result, what).readings) for what in NAMES)
    if used < len(result.site.readings):
        found.append(
            f"note: {len(result.site.readings) - used} readings lie outside the run or the sampled depths and were left out"
        )
    return found


def run(path: Path, out: Path, bundle: str | None, fit: str, version: str) -> int:
    """Simulate, write, tell. Returns the exit code."""
    wanted = fitting.names(fit) if fit else ()
    site = read_site(path)
    with folder_lock(out), Model(bundle) as model:
        if wanted:
            found = fitting.fit(site, model, wanted)
            for name in wanted:
                print(f"fitted {name} = {found.values[name]:.3g}, within a factor of {found.spread[name]:.2f}")
            print(f"rmse of pH {found.before:.3f} as given, {found.after:.3f} fitted ({found.runs} runs)")
            left = fitting.left_out(site, model, wanted) if len(site.treatments) > 1 else {}
            for name, (given, cross) in left.items():
                print(f"left out {name!r}: rmse {given:.2f} as given, {cross:.2f} with the parameters of the other treatments")
            with whole_file(out / "fit.json") as temporary:
                temporary.write_text(json.dumps({**asdict(found), "left_out": left}, indent=1), encoding="utf-8")
            site = replace(site, parameters=found.parameters(site.parameters))
        result = simulate(site, model)
        files = outputs.write_tables(result, out)
        outputs.write_netcdf(result, out / "plot.nc", version)
        picture.draw(result, out / "plot.png")
    print(f"{site.name}: {len(site.treatments)} treatments, {site.years[0]}-{site.years[1]}, climate {site.weather.source}, "
          f"drainage {result.drainage.mean():.0f} mm a year")  # fmt: skip
    print("\n".join(["start:", *started(result), *told(result)]))
    for name, meaning in NOTES.items():
        if result.flags[name]:
            print(f"note: in {result.flags[name]} layers and months {meaning}")
    print("written: " + ", ".join(str(f) for f in [*files, out / "plot.nc", out / "plot.png"]))
    return 0

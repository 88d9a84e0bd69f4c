"""One learning file out of many members, and the manifest that lets a bundle name what it was trained on.

What:    ``learning.nc`` with dims member, time, layer (shorter columns padded with NaN; ``n_layer``, ``thickness`` say how many
         are real), written member by member; ``learning.manifest.json`` with its hash, small enough for git.
Units:   as ``learning``. A source that a member lacks is zero in its layers.
Use:     ``manifest = collect(folder, folder / "learning.nc")``
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .sampling import PARAMETERS
from .store import FORMAT, EnsembleError, member_path, read_plan, records, write_text

WIDE = ("pool_", "phi_")
"""Beginnings of the names kept in float64: increments are formed from them."""
ABSENT_IS_ZERO = ("src_", "lsrc_", "flux_")


def _survey(files: list[Path]) -> tuple[dict[str, tuple[tuple[str, ...], str]], int, np.ndarray]:
    """(variable -> (dims, units), largest number of layers, times) over all members."""
    shapes: dict[str, tuple[tuple[str, ...], str]] = {}
    layers, times = 0, np.empty(0)
    for file in files:
        with xr.open_dataset(file, decode_times=False) as member:
            layers = max(layers, member.sizes["layer"])
            times = member["time"].values
            for name, variable in member.data_vars.items():
                shapes.setdefault(str(name), (tuple(map(str, variable.dims)), str(variable.attrs.get("units", "1"))))
    return shapes, layers, times


def _declare(out: Any, shapes: dict[str, tuple[tuple[str, ...], str]], sizes: dict[str, int], times: np.ndarray) -> None:
    for name, size in sizes.items():
        out.createDimension(name, size)
    time = out.createVariable("time", "f8", ("time",))
    time.units = "days"
    time[:] = times
    out.createVariable("layer", "i4", ("layer",))[:] = np.arange(1, sizes["layer"] + 1)
    out.createVariable("parameter", str, ("parameter",))[:] = np.array([p.name for p in PARAMETERS], dtype=object)
    out.createVariable("sample", "f4", ("member", "parameter"))
    for name, kind in (("wall_s", "f4"), ("member_id", "i4"), ("n_layer", "i4")):
        out.createVariable(name, kind, ("member",))
    for name, (dims, units) in shapes.items():
        kind = "f8" if name.startswith(WIDE) else "f4"
        chunk = (1, *(sizes[d] for d in dims))
        made = out.createVariable(name, kind, ("member", *dims), zlib=True, complevel=4, chunksizes=chunk, fill_value=np.nan)
        made.units = units


def collect(folder: Path, target: Path, members: int | None = None) -> dict[str, Any]:
    """Write the accepted members of ``folder`` into ``target`` and return the manifest (also written beside it).

    ``members`` limits the file to the first design points, so that a tier can be taken out of a larger ensemble.
    Raises EnsembleError when no member was accepted.
    """
    from netCDF4 import Dataset

    everything = [r for r in records(folder) if members is None or r["index"] < members]
    good = [r for r in everything if r["state"] == "accepted"]
    if not good:
        raise EnsembleError(f"{folder} holds no accepted member; run `calcisol ensemble --out {folder}` first")
    plan = read_plan(folder)
    files = [member_path(folder, r["index"]) for r in good]
    shapes, layers, times = _survey(files)
    sizes = {"member": len(files), "time": len(times), "layer": layers, "vgpar": 4, "parameter": len(PARAMETERS)}
    part = target.with_name(target.name + ".part")
    stoichiometry: dict[str, dict[str, float]] = {}
    with Dataset(part, "w") as out:
        _declare(out, shapes, sizes, times)
        for i, (record, file) in enumerate(zip(good, files, strict=True)):
            out["sample"][i] = [record["parameters"][p.name] for p in PARAMETERS]
            out["wall_s"][i], out["member_id"][i] = record["wall_s"], record["index"]
            with xr.open_dataset(file, decode_times=False) as member:
                out["n_layer"][i] = member.sizes["layer"]
                stoichiometry.update(json.loads(member.attrs["stoichiometry"]))
                for name, (dims, _) in shapes.items():
                    if name in member:
                        values = member[name].values
                    elif name.startswith(ABSENT_IS_ZERO):
                        values = np.zeros(tuple(member.sizes[d] for d in dims))
                    else:
                        continue
                    out[name][(i, *(slice(0, n) for n in values.shape))] = values
        lost = {str(r["index"]): r["reason"] for r in everything if r["state"] != "accepted"}
        out.setncatts({"title": "MIN3P ensemble of calcareous arable columns", "format": FORMAT, "failed": json.dumps(lost)})
        out.setncatts({"plan": json.dumps(plan), "twin": plan.get("twin") or "", "stoichiometry": json.dumps(stoichiometry)})
        out.setncatts({k: ", ".join(sorted({str(r[k]) for r in good})) for k in ("database_sha256", "min3p_version")})
    os.replace(part, target)
    return _manifest(target, everything, good, plan)


def _manifest(target: Path, everything: list[dict], good: list[dict], plan: dict[str, Any]) -> dict[str, Any]:
    with open(target, "rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()

    def span(name: str) -> list[float]:
        values = [float(r["parameters"][name]) for r in good]
        return [min(values), max(values)]

    data = {
        "format": FORMAT,
        "file": target.name,
        "sha256": digest,
        "bytes": target.stat().st_size,
        **{k: plan.get(k) for k in ("seed", "years", "sites", "twin")},
        "members": len(good),
        "member_ids": [r["index"] for r in good],
        "refused": sum(r["state"] == "refused" for r in everything),
        "failed": sum(r["state"] == "failed" for r in everything),
        "min3p_version": sorted({r["min3p_version"] for r in good}),
        "database_sha256": sorted({r["database_sha256"] for r in good}),
        "column_years": len(good) * plan["years"],
        "wall_s": round(sum(r["wall_s"] for r in good), 1),
        "parameters": {p.name: {"unit": p.unit, "range": span(p.name)} for p in PARAMETERS},
    }
    write_text(target.with_suffix(".manifest.json"), json.dumps(data, indent=1))
    return data

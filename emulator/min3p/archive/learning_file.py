"""The learning file of an archive while it is written: a member at a time, under another name until it is whole.

What:    the format of `calcisol ensemble` (min3p/README.md): dims member, time, layer, shorter columns padded with NaN.
Units:   in each variable.
Use:     ``file = LearningFile(path, layers); file.add(name, member); file.finish(ids, attributes)``
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from .member import Member

WIDE = ("pool_",)
"""Beginnings of the names kept in float64: increments are formed from them."""
UNITS = {
    "pool_water": "kg m-2", "pH": "1", "p_co2(g)": "atm", "pco2_air": "atm", "theta": "m3 m-3", "temperature": "degC",
    "thickness": "m", "depth": "m", "cec": "meq/100 g", "bulk_density": "g cm-3", "dispersivity": "m", "caco3": "kg kg-1",
    "calcite_rate": "mol m-3 s-1 at a volume fraction of 0.05", "water_in": "m per interval", "water_out": "m per interval",
    "water_sink": "m per interval", "q_face": "m per interval through the lower face, down > 0", "ionic_strength": "mol/L water",
}  # fmt: skip
PREFIXES = {
    "pool_": "mol m-2", "lsrc_": "mol m-2 per interval, released by the reaction > 0", "flux_": "mol m-2 per interval",
    "site_": "ln of the share of Na over dissolved Na",
}  # fmt: skip


def unit_of(variable: str) -> str:
    """Unit of a variable of the file."""
    return UNITS.get(variable, next((unit for prefix, unit in PREFIXES.items() if variable.startswith(prefix)), "1"))


class LearningFile:
    """The learning file while it is written, a member at a time."""

    def __init__(self, target: Path, layers: int) -> None:
        from netCDF4 import Dataset

        self.part = target.with_name(f"{target.name}.{os.getpid()}.part")
        self.target, self.layers, self.count = target, layers, 0
        self.out: Any = Dataset(self.part, "w")
        self.out.createDimension("member", None)
        self.out.createDimension("layer", layers)
        self.out.createVariable("layer", "i4", ("layer",))[:] = np.arange(1, layers + 1)
        for name, kind in (("wall_s", "f4"), ("member_id", "i4"), ("n_layer", "i4")):
            self.out.createVariable(name, kind, ("member",))
        self.out.createVariable("run", str, ("member",))

    def add(self, name: str, member: Member) -> None:
        """Append a member."""
        if self.count == 0:
            self.out.createDimension("time", len(member.times))
            time = self.out.createVariable("time", "f8", ("time",))
            time.units = "days"
            time[:] = member.times
        layers = len(member.variables["thickness"][1])
        for variable, (dims, values) in member.variables.items():
            if variable not in self.out.variables:
                kind = "f8" if variable.startswith(WIDE) else "f4"
                sizes = [len(self.out.dimensions[d]) for d in dims]
                made = self.out.createVariable(
                    variable, kind, ("member", *dims), zlib=True, complevel=1, chunksizes=(1, *sizes), fill_value=np.nan
                )
                made.units = unit_of(variable)
            self.out[variable][(self.count, *(slice(0, n) for n in values.shape))] = values
        self.out["n_layer"][self.count], self.out["wall_s"][self.count], self.out["run"][self.count] = layers, np.nan, name
        self.count += 1

    def finish(self, ids: list[int], attributes: dict[str, str]) -> None:
        """Name the members, and the file."""
        self.out["member_id"][:] = np.array(ids)
        self.out.setncatts(attributes)
        self.out.close()
        os.replace(self.part, self.target)

    def give_up(self) -> None:
        """Leave nothing behind."""
        self.out.close()
        self.part.unlink(missing_ok=True)

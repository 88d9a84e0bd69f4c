"""Years of a virtual world through the compiled library: the same twelve months of forcing, again and again.

What:    ``March``, what `calcisol explain` steps with wherever it asks for no gradient. Columns are divided among threads (the
         library works without Python's lock); their number changes no bit of the results.
Units:   the contract's; shapes [row, layer, column] and [row, column] as in the world file, row order of variables.toml.
Source:  the counterpart of emulator/explain/rollouts.py (``Engine``), which knows no library.
Use:     ``march = March(bundle_path.read_bytes(), workers=2)``; ``march.march(static, state, months, years=20)["calcite"]``
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ...emulator.contract.variables import load_table
from ..errors import StateError
from ..units import MONTH_SECONDS

OUTSIDE = 2  # flag bit: outside the ranges the network was trained on
Arrays = dict[str, np.ndarray]


def by_name(names: list[str], rows: np.ndarray) -> Arrays:
    """[row, (layer,) column] as name -> [column, (layer)], without a copy; rows without a value (NaN) are left out."""
    return {n: rows[i].T for i, n in enumerate(names) if not np.isnan(rows[i]).all()}


class March:
    """The engine of one bundle. ``native`` says whether the library has a kernel of its step."""

    def __init__(self, bundle: bytes, workers: int = 2) -> None:
        from ..library.model import Model

        self._model = Model(bundle)
        self._workers = max(1, workers)
        self.native = str(self._model.contract.get("engine", "")).startswith("native")

    def march(self, static: np.ndarray, state: np.ndarray, months: list[tuple[np.ndarray, np.ndarray]], years: int) -> Arrays:
        """See ``Engine.march`` in emulator/explain/rollouts.py. Raises StateError when a column cannot be stepped."""
        parts = np.array_split(np.arange(static.shape[-1]), min(self._workers, static.shape[-1]))
        cuts = [slice(int(p[0]), int(p[-1]) + 1) for p in parts]

        def part(c: slice) -> Arrays:
            return self._part(static[..., c], state[..., c], [(a[..., c], b[..., c]) for a, b in months], years)

        with ThreadPoolExecutor(len(cuts)) as pool:
            found = list(pool.map(part, cuts))
        return {name: np.concatenate([f[name] for f in found], -1) for name in found[0]}

    def laboratory_ph(self, static: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Suspension pH in water [layer, column]."""
        with self._columns(static, state) as columns:
            return np.ascontiguousarray(columns.laboratory_ph()[0].T)

    def _columns(self, static: np.ndarray, state: np.ndarray) -> Any:
        table = load_table()
        columns = self._model.columns(by_name(table.names("static"), static), ncol=static.shape[2], nlay=static.shape[1])
        columns.set_state(by_name(table.names("state"), state))
        return columns

    def _part(self, static: np.ndarray, state: np.ndarray, months: list[tuple[np.ndarray, np.ndarray]], years: int) -> Arrays:
        table = load_table()
        names = {dims: table.names("forcing", dims) for dims in ("layer", "column")}
        forcing = [by_name(names["layer"], a) | by_name(names["column"], b) for a, b in months]
        acid, outside, ph = (np.zeros(static.shape[-1]) for _ in range(3))
        stocks = [state[table.names("state").index("calcite")]]
        with self._columns(static, state) as columns:
            for year in range(years):
                for month in forcing:
                    out = columns.step(MONTH_SECONDS, month, ("acid_load",))
                    if columns.report["columns_invalid"]:
                        raise StateError(f"a column of the world cannot be stepped: {columns.note}")
                    acid = acid + out["acid_load"] * MONTH_SECONDS
                    outside = outside + ((out["flag"] & OUTSIDE) != 0).mean(1)
                    if year == years - 1:
                        ph = ph + columns.state()["ph"].T / len(forcing)
                end = columns.state()
                stocks.append(np.ascontiguousarray(end["calcite"].T))
        rows = np.stack([end[n].T for n in table.names("state")])
        return {"calcite": np.stack(stocks), "acid": acid, "ph": ph, "state": rows, "outside": outside / (years * len(forcing))}


def open_march(bundle: bytes, workers: int = 2) -> March | None:
    """The engine of a bundle, or None where the library has no kernel of its step: TorchScript would take minutes to compile."""
    march = March(bundle, workers)
    return march if march.native else None

"""The columns of a MIN3P archive through the compiled library: what `calcisol evaluate` steps with.

What:    ``open_replay``: a bundle's free rollout over an archive, as emulator/training/rollout.py does, hundreds of times faster.
Units:   the contract's; arrays [time, row, layer, column] and [time, row, column] in the row order of variables.toml.
Source:  the counterpart of emulator/training/rollout.py, which knows no library; the two agree (tests/emulator/test_checks.py).
Use:     ``replay = open_replay(bundle_bytes); states, columns, flags = replay(static, state, layer, column, dt)``
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...emulator.contract.variables import load_table
from .march import by_name

Replay = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float], tuple[np.ndarray, np.ndarray, np.ndarray]]


def open_replay(bundle: bytes) -> Replay | None:
    """The rollout of a bundle, or None where the library has no kernel of its step."""
    from ..library.model import Model

    model = Model(bundle)
    if not str(model.contract.get("engine", "")).startswith("native"):
        return None

    def replay(
        static: np.ndarray, state: np.ndarray, forcing_layer: np.ndarray, forcing_column: np.ndarray, dt: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """States [time + 1, slot, layer, column], column outputs and flags after each interval of ``dt`` [s]."""
        table = load_table()
        names = {dims: table.names("forcing", dims) for dims in ("layer", "column")}
        slots, outputs = table.names("state"), table.names("output", "column")
        states, columns, flags = [state], [], []
        with model.columns(by_name(table.names("static"), static), ncol=static.shape[2], nlay=static.shape[1]) as soil:
            soil.set_state(by_name(slots, state))
            for layer, column in zip(forcing_layer, forcing_column, strict=True):
                out = soil.step(dt, by_name(names["layer"], layer) | by_name(names["column"], column), tuple(outputs))
                end = soil.state()
                states.append(np.stack([end[n].T for n in slots]))
                columns.append(np.stack([out[n] for n in outputs]))
                flags.append(np.ascontiguousarray(out["flag"].T))
        return np.stack(states), np.stack(columns), np.stack(flags)

    return replay

"""The columns of a MIN3P archive through the compiled library: what `calcisol evaluate` steps with.

What:    ``open_replay``: a bundle's free rollout over an ``Ensemble``, as emulator/rollout.py gives it, hundreds of times faster.
Units:   the contract's; shapes as in ``dataset.Ensemble``.
Source:  the counterpart of emulator/rollout.py, which knows no library; the two agree (tests/emulator/test_checks.py).
Use:     ``roll = open_replay(bundle_path.read_bytes()); result = roll(ensemble)``
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..emulator.variables import load_table
from .march import by_name

if TYPE_CHECKING:
    from ..emulator.dataset import Ensemble
    from ..emulator.rollout import Rollout


def open_replay(bundle: bytes) -> Callable[[Ensemble], Rollout] | None:
    """The rollout of a bundle, or None where the library has no kernel of its step."""
    from .capi import Model

    model = Model(bundle)
    if not str(model.contract.get("engine", "")).startswith("native"):
        return None

    def roll(data: Ensemble) -> Rollout:
        import torch

        from ..emulator.rollout import Rollout

        table = load_table()
        names = {dims: table.names("forcing", dims) for dims in ("layer", "column")}
        slots, outputs = table.names("state"), table.names("output", "column")
        static = data.static.numpy()
        states, column, flags = [data.state[0]], [], []
        with model.columns(by_name(table.names("static"), static), ncol=static.shape[2], nlay=static.shape[1]) as soil:
            soil.set_state(by_name(slots, data.state[0].numpy()))
            for layer, whole in zip(data.forcing_layer.numpy(), data.forcing_column.numpy(), strict=True):
                out = soil.step(data.dt, by_name(names["layer"], layer) | by_name(names["column"], whole), tuple(outputs))
                end = soil.state()
                states.append(torch.from_numpy(np.stack([end[n].T for n in slots])))
                column.append(torch.from_numpy(np.stack([out[n] for n in outputs])))
                flags.append(torch.from_numpy(np.ascontiguousarray(out["flag"].T)))
        return Rollout(torch.stack(states), torch.stack(column), torch.stack(flags))

    return roll

"""A small ensemble made by the step itself, so that learning can be tested without MIN3P."""

import dataclasses
from functools import cache

import numpy as np
import torch
from calcisol.emulator.step.step import Step
from calcisol.emulator.training.dataset import Ensemble

from .tensors import MONTH, TABLE, random_forcing, soil


def tiny_ensemble(columns: int = 12, months: int = 40) -> Ensemble:
    """Columns driven by random forcing; its "truth" is B0 at half-monthly steps. Made once a session; tests get copies."""
    made = _made(columns, months)
    own = {f.name: getattr(made, f.name) for f in dataclasses.fields(made)}
    return dataclasses.replace(made, **{k: v.clone() if isinstance(v, torch.Tensor) else v for k, v in own.items()})


@cache
def _made(columns: int, months: int) -> Ensemble:
    step = Step()
    static, layer, column = soil(columns, torch.logspace(-2.5, -0.7, columns, dtype=torch.float64))
    static = step.prepare(static)
    state = step.initial_state(static, layer, column)
    half = torch.tensor(MONTH / 2.0, dtype=torch.float64)
    names = TABLE.names("output", "column")
    states, layers, cols, leached, efflux, loss = [state], [], [], [], [], []
    with torch.no_grad():
        for n in range(months):
            f, c = random_forcing(n, layer, column)
            f[TABLE.names("forcing", "layer").index("w_liq")] = layer[0]  # steady water: both step lengths see the same fluxes
            total = torch.zeros(len(names), columns, dtype=torch.float64)
            for _ in range(2):
                state, _, out, _ = step(state, static, f, c, half)
                total = total + 0.5 * out
            states.append(state)
            layers.append(f)
            cols.append(c)
            leached.append(
                torch.stack(
                    [
                        total[names.index("ca_leach")],
                        total[names.index("dic_leach")] / 12.011e-3,
                        total[names.index("no3_leach")] / 14.007e-3,
                    ]
                )
                * MONTH
            )
            efflux.append(
                (total[names.index("co2_adj")] + c[TABLE.names("forcing", "column").index("co2_src_total")]) * MONTH / 12.011e-3
            )
            loss.append(total[names.index("calcite_loss")] * MONTH)
    history = torch.stack(states)
    return Ensemble(
        static=static, state=history, forcing_layer=torch.stack(layers), forcing_column=torch.stack(cols), ph=history[:, 12],
        leached=torch.stack(leached), co2_efflux=torch.stack(efflux), calcite_loss=torch.stack(loss), dt=MONTH,
        members=np.arange(columns), form=np.full(columns, "an"), wall_s=np.ones(columns), sha256="0" * 64,
    )  # fmt: skip

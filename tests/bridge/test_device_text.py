"""The text for CUDA devices, run by emulated threads, against the host's kernel: the same bits, program by program.

What:    one thread a cell, blocks of ragged tiles, 1 to 60 layers; states of the step itself, random soils and weather over the
         whole of what a host may ask (helpers/any_soils.py), the network on everywhere and as the shipped bundle has it.
Why:     there is no tolerance: the two texts come from one plan and round alike, so a device needs no validation of its own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from calcisol.emulator.contract.variables import load_table
from helpers.any_soils import YEAR, soil, weather
from helpers.device_text import Block, DeviceText, weights_of

DAY, MONTH = 86400.0, YEAR / 12.0
SHAPES = [(1, 1), (1, 203), (2, 5), (3, 67), (11, 1), (11, 20), (20, 10), (60, 4)]
"""Layers and columns: less than a block, whole blocks and a rest, one column."""


@pytest.fixture(scope="module", params=["as shipped", "network on"])
def text(request: pytest.FixtureRequest, device_text: Path, shipped: Path) -> DeviceText:
    weights = weights_of(shipped)
    if request.param == "network on":
        weights["core.high"] = np.full_like(weights["core.high"], 1e30)
        weights["core.scale"] = np.full_like(weights["core.scale"], 3.0)
    return DeviceText(device_text, weights)


def block(fields: dict[str, Block], role: str, dims: str, columns: int, layers: int) -> Block:
    """[variable][layer][column] of the fields, absent ones as a host leaves them out."""
    variables = load_table().select(role, dims)
    shape = (layers, columns) if dims == "layer" else (columns,)
    out = np.empty((len(variables), *shape))
    for i, v in enumerate(variables):
        out[i] = fields[v.name].T if v.name in fields else v.fill
    return out


def same(text: DeviceText, program: str, shape: tuple[int, int], dt: float, given: dict[str, Block], **out: Block) -> list[Block]:
    """Both kernels of a program; answers with what they wrote, which must be the same bits."""
    made = []
    for run in (text.on_host, text.on_device):
        answers = {name: np.full_like(x, -7) for name, x in out.items()}
        run(program, *shape, dt, **given, **answers)
        made.append(answers)
    for name, mine in made[1].items():
        theirs = made[0][name]
        assert not (theirs == -7).any(), f"{program} leaves part of {name} unwritten"
        differ = (mine != theirs) & ~(np.isnan(mine) & np.isnan(theirs))
        assert not differ.any(), f"{program}: {differ.sum()} of {differ.size} values of {name} differ"
    return list(made[0].values())


@pytest.mark.parametrize(("layers", "columns"), SHAPES)
def test_bits_are_those_of_the_host(text: DeviceText, layers: int, columns: int) -> None:
    rng = np.random.default_rng(layers)
    shape, properties = (layers, columns), soil(rng, columns, layers)
    table = load_table()
    layered = np.empty((len(table.select("output", "layer")), layers, columns))
    columned = np.empty((len(table.select("output", "column")), columns))
    cells = np.empty((len(table.state), layers, columns))
    statics = block(properties, "static", "layer", columns, layers)
    [statics] = same(text, "prepare", shape, 0.0, {"statics": statics}, result=statics)
    inputs = {"statics": statics}
    for step, dt in enumerate((DAY, 7 * DAY, 60.0, MONTH)):
        fields = weather(rng, properties, step % 2 == 1)
        for dims in ("layer", "column"):
            inputs[dims] = block(fields, "forcing", dims, columns, layers)
        if step == 0:
            [inputs["state"]] = same(text, "initial_state", shape, 0.0, dict(inputs), result=cells)
        flag = np.empty((layers, columns), np.int32)
        inputs["state"], *_ = same(
            text, "step", shape, dt, inputs, result=cells, output_layer=layered, output_column=columned, flag=flag
        )
        readings = np.empty((2, layers, columns))
        same(text, "laboratory_ph", shape, 0.0, {"statics": statics, "state": inputs["state"]}, result=readings)


def test_a_program_may_write_where_it_reads(text: DeviceText) -> None:
    """As the library calls ``prepare``, and the warm-up the step."""
    properties = soil(np.random.default_rng(3), 20, 7)
    statics = block(properties, "static", "layer", 20, 7)
    [apart] = same(text, "prepare", (7, 20), 0.0, {"statics": statics}, result=statics)
    text.on_device("prepare", 7, 20, statics=statics, result=statics)
    np.testing.assert_array_equal(statics, apart)

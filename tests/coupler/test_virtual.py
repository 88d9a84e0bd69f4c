"""The world that `calcisol explain` starts from: what it holds is what the European run would have used."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from calcisol.coupler.config import PLOUGH_LAYERS, RunConfig
from calcisol.coupler.europe.load import load_domain
from calcisol.coupler.europe.monthly import Europe
from calcisol.coupler.explain_engine import virtual
from calcisol.emulator.contract.variables import load_table
from calcisol.emulator.explain.world import NEEDED, read_world

CONFIG = RunConfig(data="none", layers=PLOUGH_LAYERS)
COLUMNS = 4


def test_all_drivers_on_are_today_and_the_changed_climate(tmp_path: Path) -> None:
    world = read_world(virtual.write_world(tmp_path / "world.nc", CONFIG, COLUMNS))
    assert len(world) == COLUMNS and set(NEEDED) <= set(world.covariates) and "synthetic" in world.about
    domain = virtual.sample(load_domain(replace(CONFIG, domain="all")), COLUMNS)
    europe = Europe(domain, replace(CONFIG, history=False))  # the world is that of one year, repeated
    rows, top = load_table().names("forcing", "layer"), load_table().names("forcing", "column")
    for month in (0, 3, 8):
        pools = np.zeros((COLUMNS, len(CONFIG.layers)))
        expected = europe.forcing(None, 1, month, pools, pools)
        layer, column = world.forcing(month, world.amounts(n_acid=1.0, n_co2=1.0))
        for name in ("w_liq", "w_sink", "t_soil", "n_min", "bc_up"):  # those that do not depend on the nitrogen pools
            np.testing.assert_allclose(layer[rows.index(name)].T, expected[name], rtol=1e-9, atol=1e-18, err_msg=name)
        for name in ("q_bot", "co2_src_total", "dep_nh4", "dep_no3", "dep_so4", "dep_dic"):
            np.testing.assert_allclose(column[top.index(name)], expected[name], rtol=1e-9, atol=1e-18, err_msg=name)
    moved = world.covariates["drainage"] + world.covariates["drainage_change"]
    flux = np.mean([world.forcing(m, world.amounts(drainage=1.0))[1][top.index("q_bot")].numpy() for m in range(12)], 0)
    np.testing.assert_allclose(flux * 365.0 * 86400.0, moved, rtol=2e-3)  # calendar of the driver: 365 or 365.25 days
    warm = world.forcing(6, world.amounts(temperature=1.0))[0] - world.forcing(6, world.amounts())[0]
    np.testing.assert_allclose(warm[rows.index("t_soil")], virtual.WARMING, atol=1e-9)
    natural = world.forcing(3, world.amounts(husbandry=0.0))[1]
    assert (natural[top.index("dep_nh4")] < column[top.index("dep_nh4")] + 1e-30).all()


def test_without_surveyed_data_there_are_no_points(tmp_path: Path) -> None:
    assert virtual.write_points(tmp_path / "points.nc", CONFIG) is None

"""Layers of a file from the surface down, whatever order they are stored in; what cannot be told is refused."""

import numpy as np
import pytest
from calcisol.coupler.forcing.fault import ForcingError
from helpers.forcing_data import DZ, dataset, read_all, same, save, truth

CENTRE = np.cumsum(DZ) - DZ / 2


def with_depth(data, values, **attributes):
    return data.assign_coords(depth=("depth", values, attributes))


def flipped(data):
    return data.isel(depth=slice(None, None, -1))


@pytest.mark.parametrize(
    "change",
    [
        flipped,
        lambda d: d.isel(depth=[2, 0, 3, 1]),
        lambda d: with_depth(d, -CENTRE, units="m", standard_name="height", positive="up"),
        lambda d: flipped(with_depth(d, -CENTRE, units="m", standard_name="height", positive="up")),
        lambda d: flipped(with_depth(d, -CENTRE, units="m")),  # heights below the surface, positive not said
        lambda d: flipped(with_depth(d, 1.0 - CENTRE, units="m", standard_name="height", positive="up")),  # above the base
        lambda d: flipped(with_depth(d, 100 * CENTRE, units="cm", standard_name="depth", positive="down")),
        lambda d: flipped(with_depth(d, 1000 * CENTRE, units="mm", positive="down")),
        lambda d: flipped(with_depth(d, [1, 2, 3, 4], positive="down")),  # numbers of layers
        lambda d: with_depth(flipped(d), [1, 2, 3, 4], positive="up", axis="Z"),
        lambda d: d.drop_vars("depth").rename(depth="soil_layer"),  # no coordinate: the first is at the surface
        lambda d: d.drop_vars("depth").rename(depth="nsoil"),
        lambda d: flipped(d).rename(depth="levgrnd"),
        lambda d: flipped(d.drop_vars("depth")).rename(depth="soil_layer").assign(  # depth beside the dimension
            depth=("soil_layer", CENTRE[::-1], {"units": "m", "standard_name": "depth", "positive": "down"})
        ),
    ],
)  # fmt: skip
def test_layers_come_from_the_surface_down(tmp_path, change):
    same(read_all(save(change(dataset()), tmp_path / "f.nc")), truth())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: with_depth(d, [4, 3, 2, 1]), "without a unit of length, so which layer is at the surface is not known"),
        (lambda d: with_depth(d, [0.05, 0.2, 0.2, 0.8], units="m"), "the same depth twice"),
        (lambda d: with_depth(d, [0.05, np.nan, 0.45, 0.8], units="m"), "depth holds 1 missing values of 4"),
        (lambda d: with_depth(d, [-0.1, 0.1, 0.3, 0.5], units="m"), "through the surface"),
        (lambda d: with_depth(d, -CENTRE, units="m", positive="down"), 'positive = "down" and holds -0.05 m, above the surface'),
        (lambda d: with_depth(d, 100 * CENTRE, units="m"), "dz puts layer 1 between 0 and 0.1 m, but depth at 5 m"),
        (lambda d: d.assign(dz=d["dz"][::-1].drop_vars("depth")), "dz puts layer 2 between 0.4 and 0.7 m, but depth at 0.2 m"),
        (lambda d: with_depth(d, CENTRE, units="K"), "depth: unit 'K' (temperature) cannot become 'm'"),
    ],
)
def test_an_order_in_doubt_is_refused(tmp_path, change, words):
    with pytest.raises(ForcingError) as caught:
        read_all(save(change(dataset()), tmp_path / "f.nc"))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def bounds_of(data, top, bottom, **attributes):
    data["depth"].attrs["bounds"] = "depth_bnds"
    return data.assign(depth_bnds=(("depth", "bnds"), np.stack([top, bottom], 1), attributes))


BOTTOM = np.cumsum(DZ)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: bounds_of(d, BOTTOM - DZ, BOTTOM),
        lambda d: flipped(bounds_of(d, BOTTOM, BOTTOM - DZ)),
        lambda d: bounds_of(d, 100 * (BOTTOM - DZ), 100 * BOTTOM, units="cm"),  # units of their own
    ],
)
def test_thickness_from_bounds(tmp_path, change):
    """CMIP files hold bounds of depth instead of a thickness."""
    found = read_all(save(change(dataset()).drop_vars("dz"), tmp_path / "f.nc"))
    same(found, truth(), 1e-9)


@pytest.mark.parametrize(
    ("top", "bottom", "words"),
    [
        (BOTTOM - DZ + [0, 0, 0.1, 0], BOTTOM, "depth_bnds leaves a gap or overlaps"),
        (BOTTOM - DZ + 0.5, BOTTOM + 0.5, "depth_bnds leaves a gap or overlaps, from 0.5 m"),
        (2 * (BOTTOM - DZ), 2 * BOTTOM, "dz = 0.1 m of layer 1 is not the 0.2 m between its bounds"),
    ],
)
def test_bounds_that_do_not_fit_are_refused(tmp_path, top, bottom, words):
    with pytest.raises(ForcingError) as caught:
        read_all(save(bounds_of(dataset(), top, bottom), tmp_path / "f.nc"))
    assert words in str(caught.value)


def test_more_layers_than_the_library_takes(tmp_path):
    data = dataset().drop_vars("depth").isel(depth=[0] * 61)
    with pytest.raises(ForcingError, match=r"depth has 61 layers; the library takes 1 to 60"):
        read_all(save(data, tmp_path / "f.nc"))

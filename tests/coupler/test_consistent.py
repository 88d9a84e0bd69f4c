"""Inputs that each lie in their range and contradict each other or themselves: refused in one sentence that names both."""

import numpy as np
import pytest
from calcisol.coupler.forcing.fault import ForcingError
from helpers.forcing_data import DZ, LAYERED, dataset, read_all, same, save, truth

PLAIN = ("time", "lat", "lon")


def water(factor):
    data = dataset()
    data["w_liq"] = data["w_liq"] * factor
    data["w_liq"].attrs["units"] = "kg m-2"
    return data


def with_active(value, **attributes):
    data = dataset()
    data["active"] = (PLAIN, np.where(np.arange(36).reshape(6, 2, 3) == 7, value, 1.0), attributes)
    return data


def upward(name, **attributes):
    data = dataset()
    data[name].attrs.update(attributes)
    return data


def textures(clay, sand):
    data = dataset()
    data["clay"], data["sand"] = ("depth", np.full(4, clay)), ("depth", np.full(4, sand))
    return data


def in_radians():
    data = dataset()
    for name in ("lat", "lon"):
        data = data.assign_coords({name: (name, np.radians(data[name].values), {**data[name].attrs, "units": "radians"})})
    return data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        # of layer 1, the sixth step: 8 x (0.2 + 0.15 x 120 / 143) x 100
        (lambda: water(8.0), "w_liq holds 260.7 kg m-2 in layer 1 of 0.1 m, more than its volume (100 kg m-2)"),
        (lambda: textures(0.7, 0.6), "clay and sand add up to 1.3 in layer 1"),
        (lambda: with_active(0.3), "active holds 1 of 36 values other than 0 and 1 (0.3 to 1)"),
        (lambda: with_active(30.0, units="%"), "active holds 36 of 36 values other than 0 and 1 (0.01 to 0.3)"),
        (lambda: upward("q_bot", positive="up"), "q_bot: q_bot counts upward by its attributes"),
        (lambda: upward("q_bot", standard_name="upward_water_flux"), "q_bot: q_bot counts upward by its attributes"),
        (in_radians, "lat is in radians; give it in degrees"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path, data, words):
    with pytest.raises(ForcingError) as caught:
        read_all(save(data(), tmp_path / "f.nc"))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_what_fits_runs(tmp_path):
    """Saturated layers, a texture without silt, columns that are stepped now and then, a flux that counts downward."""
    data = textures(0.4, 0.6)
    full = np.broadcast_to(1000.0 * DZ[:, None, None], (6, 4, 2, 3))
    data["w_liq"] = (data["w_liq"].dims, full.copy(), {"units": "kg m-2"})
    data["q_bot"].attrs["positive"] = "down"
    data["active"] = (PLAIN, (np.arange(36).reshape(6, 2, 3) % 5 > 0).astype("i1"))
    found = read_all(save(data, tmp_path / "f.nc"))
    same(found, {k: v for k, v in truth().items() if k not in LAYERED})
    assert found["w_liq"][0, :, 0] == pytest.approx(1000.0 * DZ)


def test_air_may_be_one_series_for_all_places(tmp_path):
    data = dataset()
    data["co2_atm"] = ("time", 400.0 + np.arange(6), {"units": "ppm"})
    found = read_all(save(data, tmp_path / "f.nc"))
    assert found["co2_atm"] == pytest.approx(1e-6 * np.repeat(400.0 + np.arange(6)[:, None], 6, 1))

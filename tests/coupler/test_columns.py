"""The Python face of the library: slips that Python itself would let through."""

import numpy as np
import pytest
from calcisol.coupler.errors import ArgumentError
from calcisol.coupler.library.model import Model


def test_a_name_in_place_of_a_list_of_outputs(shipped):
    forcing = {"w_liq": 50.0, "t_soil": 283.0, "q_bot": 1e-6, "co2_src_total": 1e-8}
    with Model(shipped) as model:
        columns = model.columns({"dz": np.full(3, 0.2)}, ncol=1)
        with pytest.raises(ArgumentError, match=r"outputs = 'ph' must be a list of names, e\.g\. \['ph'\]"):
            columns.step(86400.0, forcing, "ph")
        assert list(columns.step(86400.0, forcing, ["ph"])) == ["ph", "flag"]

"""The variable table is the one authority: rows, constants and features follow it."""

import math
from pathlib import Path

import pytest
import torch
from calcisol.emulator.chemistry import constants, equilibrium
from calcisol.emulator.contract import rows, variables
from calcisol.emulator.contract.variables import load_table
from calcisol.emulator.step import correction

SOURCE = Path(__file__).parents[2]


def test_records_follow_the_table() -> None:
    table = load_table()
    assert list(rows.Static._fields) == table.names("static")
    assert list(rows.LayerForcing._fields) == table.names("forcing", "layer")
    assert list(rows.ColumnForcing._fields) == table.names("forcing", "column")
    assert list(rows.State._fields) == table.names("state")
    for make, record in (
        (rows.static_rows, rows.Static),
        (rows.layer_rows, rows.LayerForcing),
        (rows.column_rows, rows.ColumnForcing),
        (rows.state_rows, rows.State),
    ):
        n = len(record._fields)
        made = make(torch.arange(n, dtype=torch.float64)[:, None, None])
        assert [float(x) for x in made] == list(range(n))


def test_constants_are_in_the_order_of_the_reactions() -> None:
    assert equilibrium.Constants._fields == constants.REACTIONS
    assert len(correction.FACTORS) == len(correction.BOUND)


@pytest.mark.parametrize(
    ("reaction", "low", "high"),
    [("water", -14.01, -13.99), ("co2_solubility", -1.49, -1.46), ("carbonic_1", -6.36, -6.33), ("carbonic_2", -10.35, -10.32),
     ("calcite", -8.49, -8.47), ("gibbsite", 8.10, 8.12)],
)  # fmt: skip
@pytest.mark.parametrize("name", list(constants.SETS))
def test_log_k_at_25_degrees_is_the_textbook_value(name: str, reaction: str, low: float, high: float) -> None:
    """Stumm & Morgan (1996), appendix; wide enough for both sets, too tight for a sign or unit error."""
    basis = constants.temperature_basis(torch.tensor(298.15, dtype=torch.float64))
    value = float(constants.coefficients(name)[constants.REACTIONS.index(reaction)] @ basis)
    assert low < value < high


def test_every_input_is_documented() -> None:
    for variable in load_table().variables:
        assert variable.units and variable.long_name
        if variable.role in ("static", "forcing"):
            assert variable.valid is not None and variable.valid[0] < variable.valid[1]
            assert variable.default in ("required", "derived") or variable.valid[0] <= variable.fill <= variable.valid[1]


def test_absent_values_are_nan_or_the_default() -> None:
    table = load_table()
    by_name = {v.name: v for v in table.select("forcing")}
    assert math.isnan(by_name["q_if"].fill) and math.isnan(by_name["w_liq"].fill) and by_name["p_surf"].fill == 101325.0


def test_a_wrong_table_says_what_is_wrong(tmp_path: Path) -> None:
    text = (Path(variables.__file__).with_name("variables.toml")).read_text(encoding="utf-8")
    file = tmp_path / "variables.toml"
    file.write_text(text.replace('name = "sand"', 'name = "clay"'), encoding="utf-8")
    with pytest.raises(ValueError, match=r"static variable .'clay'. appears twice"):
        load_table(file)
    file.write_text(text.replace('role = "static"', 'role = "statik"', 1), encoding="utf-8")
    with pytest.raises(ValueError, match="dz: role 'statik'"):
        load_table(file)


@pytest.mark.parametrize("folder", ["emulator", "coupler"])
def test_every_module_is_installed(folder: str) -> None:
    """meson has no patterns: a file that the list of its own folder lacks is missing from the installed package."""
    for file in (SOURCE / folder).rglob("*.py"):
        if file.name != "make_tables.py":  # a tool of the repository, not of the package
            lists = [p / "meson.build" for p in file.parents if (p / "meson.build").is_file()]
            names = [f"'{file.relative_to(p.parent).as_posix()}'" for p in lists[:2]]
            assert any(name in p.read_text(encoding="utf-8") for name, p in zip(names, lists, strict=False)), file

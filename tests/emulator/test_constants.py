"""One list of constants: what the languages get is what the list says, and no file types such a number anew."""

import re
from pathlib import Path

import pytest
from calcisol.emulator.chemistry import constants as chemistry
from calcisol.emulator.contract import constants
from calcisol.emulator.contract.constants import grams, load_constants
from helpers.sources import ROOT, tracked

FOLDERS = ("emulator", "fortran_bridge", "coupler", "examples")
CODE = (".py", ".cpp", ".hpp", ".h", ".c", ".f90", ".toml")
TYPED = re.compile(
    r"(?<![\w.])("
    r"12\.0(?:11|107)|14\.00(?:7|67)|32\.06\d*|44\.0(?:09|1|095)|100\.08(?:69|7)|100\.09|40\.078|15\.999"  # g mol-1
    r"|0\.0120(?:11|107)|0\.01400(?:7|67)|0\.03206\d*|0\.0440(?:09|1)|0\.100087|0\.1000869"  # kg mol-1
    r"|8\.20573\d*e-0?5|8\.314\d*|2710\.0|2650\.0"
    r")(?![\d])"
)
LIST = "emulator/contract/constants.toml"


def sources() -> list[Path]:
    found = [ROOT / path for path in tracked() if path.suffix in CODE and path.parts[0] in FOLDERS]
    assert len(found) > 150
    return found


def without_comments(path: Path) -> str:
    """The code: comments and texts between three quotes may name a number."""
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".py", ".toml"):
        return re.sub(r'"""[\s\S]*?"""|#[^\n]*', "", text)
    return re.sub(r"![^\n]*" if path.suffix == ".f90" else r"/\*[\s\S]*?\*/|//[^\n]*", "", text)


def test_no_file_types_a_molar_mass_or_density_of_its_own() -> None:
    typed = {str(path.relative_to(ROOT)): TYPED.findall(without_comments(path)) for path in sources()}
    again = {name: found for name, found in typed.items() if found and name != LIST}
    assert not again, f"use emulator/contract/constants.toml (calcisol_variables.h, module calcisol): {again}"


@pytest.mark.parametrize("text", ["x / 12.011", "0.1000869_c_double", "MASS = 14.007e-3", "12.011/44.009", "r = 8.314462618"])
def test_the_search_finds_what_it_is_for(text: str) -> None:
    assert TYPED.search(text)


def test_every_constant_has_a_name_in_python_and_a_source() -> None:
    for name, constant in load_constants().items():
        assert getattr(constants, name.upper()) == constant.value
        assert constant.units and constant.meaning and constant.source, name


def test_molar_masses_follow_from_atomic_weights() -> None:
    """By hand, with the atomic weights of IUPAC 2021 (C 12.011, O 15.999), for calcite of 2007 (12.0107, 15.9994, Ca 40.078)."""
    assert grams(constants.MOLAR_MASS_CO2) == pytest.approx(12.011 + 2 * 15.999, abs=1e-9)
    assert grams(constants.MOLAR_MASS_CACO3) == pytest.approx(40.078 + 12.0107 + 3 * 15.9994, abs=1e-9)
    assert grams(constants.MOLAR_MASS_C) == 12.011


def test_gas_constant_is_the_quotient_it_says_it_is() -> None:
    assert pytest.approx(8.314462618 / constants.PA_PER_ATM, rel=1e-7) == constants.GAS_CONSTANT_ATM


def test_names_of_before_answer_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match="GAS_CONSTANT is now GAS_CONSTANT_ATM"):
        assert chemistry.GAS_CONSTANT == constants.GAS_CONSTANT_ATM
    with pytest.raises(AttributeError, match="no attribute 'NOTHING'"):
        _ = chemistry.NOTHING


def test_a_wrong_list_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "constants.toml"
    entry = '[[constant]]\nname = "x"\nvalue = 1.0\nunits = "1"\nmeaning = "m"\nsource = "s"\npublic = true\n'
    file.write_text(2 * entry, encoding="utf-8")
    with pytest.raises(ValueError, match="constant 'x' appears twice"):
        load_constants(file)
    file = tmp_path / "other.toml"
    file.write_text(entry.replace('source = "s"\n', ""), encoding="utf-8")
    with pytest.raises(ValueError, match=r"x: .*'source'"):
        load_constants(file)

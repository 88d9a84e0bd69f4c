"""The mappings of the hosts agree with the variable table, with the adapters, and with the installed pages."""

from __future__ import annotations

import re

import pytest
from calcisol.coupler.cli import main
from calcisol.coupler.hosts.maps import HostError, known, lines, load
from calcisol.coupler.library.columns import table
from calcisol.coupler.library.install import fortran_source_dir

HOSTS = fortran_source_dir() / "hosts"


def assigned(source: str) -> dict[str, set[str]]:
    """Variables an adapter gives (static, forcing) and takes (output), read from its source."""
    if "calcisol_view" in source:  # C: by constant
        static = {name.lower() for name in re.findall(r"CALCISOL_SOIL_(\w+)", source)}
        output = {name.lower() for name in re.findall(r"CALCISOL_OUT_(\w+)", source)}
        known_forcing = table().names("forcing")
        forcing = {n for n in known_forcing if re.search(rf"CALCISOL_{n.upper()}\b", source)}
        return {"static": static, "forcing": forcing, "output": output}
    static = set(re.findall(r"calcisol_soil_(dz|clay|caco3|ph0|bulk_density|cec_variable|cec)\b", source))
    given = re.findall(r"^ *(?:if \(present\(\w+\)\) )?self%(\w+)\([^=\n]*\) = ", source, re.M)
    forcing = set(given) & set(table().names("forcing"))
    read = source.replace("ph_read_top", "ph_top").replace("ph_read", "ph")  # which of them: feedback_ph
    output = set(re.findall(r"self%(ph_top|ph|co2_adj)\b", read))
    return {"static": static, "forcing": forcing, "output": output}


@pytest.mark.parametrize("name", known())
def test_mapping_and_adapter_say_the_same(name: str) -> None:
    mapping = load(name)
    adapter = HOSTS / mapping.adapter
    files = [adapter, *(adapter.with_stem(adapter.stem + part) for part in ("_files", "_columns"))]
    found = assigned("".join(file.read_text() for file in files if file.is_file()))
    for role, names in found.items():
        assert set(mapping.names(role)) == names, role


@pytest.mark.parametrize("name", known())
def test_a_host_gives_what_is_required(name: str) -> None:
    mapping = load(name)
    required = {v.name for v in table().select("forcing") if v.default == "required"}
    assert required <= set(mapping.names("forcing"))
    assert (HOSTS / mapping.page).is_file()
    assert len((HOSTS / mapping.adapter).read_text().splitlines()) <= 135  # to be read in one go, beside the host


def test_the_command_prints_a_mapping(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "--host", "orchidee"]) == 0
    printed = capsys.readouterr().out
    assert "mcl_layh" in printed
    assert printed.splitlines() == lines("orchidee")
    assert main(["describe", "--host", "jules"]) == 2
    assert "jules" in capsys.readouterr().err
    with pytest.raises(HostError, match="jules"):
        load("jules")


def test_ccpp_metadata_holds_every_variable_of_a_step() -> None:
    text = (HOSTS / "calcisol.meta").read_text()
    blocks = re.findall(r"\[ (\w+) \]\n((?:  .*\n)+)", text)
    names = [name for name, _ in blocks]
    assert names == ["dt", *table().names("forcing"), *table().names("output"), "errmsg", "errflg"]
    standard = [re.search(r"standard_name = (\w+)\n", block) for _, block in blocks]
    assert all(standard)
    for _, block in blocks:
        for key in ("long_name", "units", "dimensions", "type", "kind", "intent"):
            assert f"  {key} = " in block

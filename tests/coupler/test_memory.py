"""What a European run holds in memory: days of some columns at a time, results on disk, no reader that it does not need."""

import subprocess
import sys

import numpy as np
import pytest
from calcisol.coupler.config import RunConfig
from calcisol.coupler.europe import climates
from calcisol.coupler.europe.daily import DailyEurope
from calcisol.coupler.europe.domain import Field
from calcisol.coupler.europe.load import load_domain
from calcisol.coupler.europe.scenario import Part, Scenario
from calcisol.coupler.offline.on_disk import forget

CONFIG = RunConfig(data="none")
HEAVY = ("pandas", "xarray", "netCDF4", "matplotlib", "torch", "rasterio", "distributed")


def imported(module: str) -> set[str]:
    code = f"import sys, {module}; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_a_worker_loads_no_reader_of_files_and_no_report():
    """Each of them is 30 to 60 MB in every worker."""
    assert imported("calcisol.coupler.offline.chunks") == set()


def test_a_run_loads_what_it_writes_with_when_it_writes():
    assert imported("calcisol.coupler.run") == set()


@pytest.fixture
def cells():
    domain = load_domain(CONFIG).subset(slice(0, None, 150))
    amount = Field(np.where(np.arange(len(domain)) % 3, np.nan, 200.0), "mm year-1", "irrigation", "real", "test", "none")
    return domain.with_fields(irrigation=amount)


def years_of(europe):
    """Everything that steps of two climates get in two years, and what is remembered."""
    warm = Scenario("warm", "warm", "", (Part({"rain": 0.9, "drainage": 1.2}, {"warming": 2.0}, (1980, 1980), ("FRA", "ESP")),))
    made = []
    for year in (1990, 1991):
        for scenario in (None, warm):
            brought = europe.year(scenario, year)
            zero = np.zeros(europe.clay.shape)
            for step in europe.steps_of(brought):
                some = slice(None) if step.columns is None else step.columns
                forcing = europe.forcing_of(brought, step, zero[some], zero[some])
                made += [np.arange(len(zero))[some], *(forcing[name] for name in sorted(forcing))]
            made += [values for _, values in sorted(brought.drivers().items())]
    return [*made, *(values for _, values in sorted(europe.memory().items()))]


def test_days_of_some_columns_at_a_time_change_no_bit(cells, monkeypatch):
    """Groups of three, with two climates, irrigation by a map and weeks that some columns take by the day."""
    whole = years_of(DailyEurope(cells, CONFIG))
    monkeypatch.setattr(climates, "AT_ONCE", 3)
    europe = DailyEurope(cells, CONFIG)
    assert len(europe.climates._groups) == -(-len(cells) // 3)
    parts = years_of(europe)
    assert len(whole) == len(parts)
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


def test_groups_go_on_from_the_memory_of_the_whole(cells, monkeypatch):
    first = DailyEurope(cells, CONFIG)
    first.year(None, 1990)
    memory = {name: values.copy() for name, values in first.memory().items()}
    monkeypatch.setattr(climates, "AT_ONCE", 4)
    later = DailyEurope(cells, CONFIG)
    later.recall(memory)
    assert np.array_equal(first.year(None, 1991).weeks.water, later.year(None, 1991).weeks.water)


def resident() -> int:
    """Bytes of mapped files that this process holds."""
    with open("/proc/self/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssFile"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_arrays_on_disk_are_forgotten_and_keep_what_they_hold(tmp_path):
    size = 32 << 20
    held = np.lib.format.open_memmap(tmp_path / "a.npy", mode="w+", dtype=np.uint8, shape=(size,))
    held[:] = np.arange(size, dtype=np.uint8)
    before = resident()
    forget([held[5:10], np.zeros(3)])  # a part of it stands for all; an array in memory is left alone
    assert before - resident() > 0.9 * size
    assert np.array_equal(held, np.arange(size, dtype=np.uint8))

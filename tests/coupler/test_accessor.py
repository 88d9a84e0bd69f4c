"""The accessor against the summary of the same run, and the run on a Dask cluster against the run on processes."""

import csv

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.errors import CalcisolError
from helpers.small_runs import run_small, variables

pytestmark = pytest.mark.usefixtures("shipped")
SIX_DIGITS = 2e-5  # summary.csv has six digits, the files float32


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return run_small(
        tmp_path_factory.mktemp("accessor") / "out",
        scenarios=("baseline", "n_minus_20"),
        end_year=2021,
        spinup_years=0,
        coverage=0.02,
    )


def test_totals_are_those_of_the_summary(done):
    import calcisol.coupler.report.accessor  # noqa: F401

    with (done / "summary.csv").open(encoding="utf-8") as file:
        rows = {(r["scenario"], r["country"]): r for r in csv.DictReader(file)}
    with xr.open_dataset(done / "baseline.nc") as base, xr.open_dataset(done / "n_minus_20.nc") as less:
        whole = rows["baseline", "ALL"]
        start = base.calcisol.depth("sic_start", 0, 0.3) * base["area"].fillna(0)
        assert float(start.sum()) * 1e-9 == pytest.approx(float(whole["sic_0_30cm_start_TgC"]), rel=SIX_DIGITS)
        leached = float(whole["dic_leached_TgC_per_yr"])
        assert float(base.calcisol.total("dic_leach").mean()) == pytest.approx(leached, rel=SIX_DIGITS)
        country = base.calcisol.countries()[0]
        mine = float(rows["baseline", country]["acid_load_molc_m2_yr"])
        assert float(base.calcisol.mean("acid_load", country).mean()) * 365 * 86400 == pytest.approx(mine, rel=SIX_DIGITS)
        by = base.calcisol.by_country("dic_leach")
        assert by.sum("country").values == pytest.approx(base.calcisol.total("dic_leach").values, rel=1e-6)
        kept = (less.calcisol.kept(base)[-1] * base["area"].fillna(0)).sum()
        # a difference of two float32 stocks of 10 kg m-2
        expected = float(rows["n_minus_20", "ALL"]["sic_profile_kept_TgC_vs_baseline"])
        assert float(kept) * 1e-9 == pytest.approx(expected, abs=5e-6 * float(base.calcisol.total("sic")[-1]))
        with pytest.raises(CalcisolError, match="'XXX' is no country of this file"):
            base.calcisol.mean("ph_top", "XXX")
        with pytest.raises(CalcisolError, match="'pH' is no variable of this file"):
            base.calcisol.total("pH")
    assert np.isfinite(kept)


def test_what_is_no_amount_is_a_mean_and_has_no_total(done):
    import calcisol.coupler.report.accessor  # noqa: F401

    with (done / "summary.csv").open(encoding="utf-8") as file:
        whole = next(r for r in csv.DictReader(file) if (r["scenario"], r["country"]) == ("baseline", "ALL"))
    with xr.open_dataset(done / "baseline.nc") as base:
        top = base.calcisol.depth("ph", 0, 0.3).values  # pH of ten layers was added up
        assert top[np.isfinite(top)] == pytest.approx(base["ph_top"].values[np.isfinite(top)], abs=0.02)  # mean of 12 means
        assert 5 < float(base.calcisol.mean("ph")[-1]) < 9
        with pytest.raises(CalcisolError, match=r"ph \[1\] is no amount per area and has no total; use .calcisol.mean"):
            base.calcisol.total("ph")
        nitrogen = float(base.calcisol.total("mineral_n").mean())  # kg per hectare
        assert nitrogen == pytest.approx(float(whole["mineral_n_TgN_per_yr"]), rel=SIX_DIGITS)
        for top_m, bottom_m in ((0.3, 0.3), (-1.0, 0.3), (5.0, 6.0)):
            with pytest.raises(CalcisolError, match="must begin at 0 or more and end below that"):
                base.calcisol.depth("sic", top_m, bottom_m)
        with pytest.raises(CalcisolError, match="the two runs differ in years or cells"):
            base.calcisol.kept(base.isel(time=slice(0, 1)))


def test_a_dask_cluster_gives_the_same_bits(done, tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs the package distributed (make test installs it)")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        run_small(
            tmp_path, scenarios=("n_minus_20",), end_year=2021, spinup_years=0, coverage=0.02, dask=cluster.scheduler_address
        )
    assert variables(tmp_path / "n_minus_20.nc") == variables(done / "n_minus_20.nc")


@pytest.mark.parametrize(("address", "made"), [("tcp://127.0.0.1:1", 1), ("nowhere", 0), ("tcp://nowhere", 0), ("host:port", 0)])
def test_no_scheduler_is_one_sentence(address, made, monkeypatch):
    """An address without host and port is refused before there is a Client, which would be left half made."""
    distributed = pytest.importorskip("distributed")
    from calcisol.coupler.offline import on_dask

    clients, client = [], distributed.Client
    monkeypatch.setattr(distributed, "Client", lambda *a, **k: clients.append(a) or client(*a, **k))
    monkeypatch.setattr(on_dask, "CONNECT_SECONDS", 2)
    with pytest.raises(CalcisolError, match=f"no Dask scheduler answers at {address} "):
        next(on_dask.on_dask(print, [], address))
    assert len(clients) == made

"""pH that a nitrogen cycle reads: thirty years with the pH of a map, with ours beside it, with ours fed back.

What:    two soils x two fertilisers x the formulas of three land models; a table of the last five years and two pictures.
Use:     ``python dynamic_ph.py [BUNDLE] [--years N] [--plots]``; thirty years take about ten seconds
"""

from __future__ import annotations

import argparse
import itertools

import calcisol
import numpy as np
from calcisol.emulator.contract.constants import MOLAR_MASS_N
from formulas import MODELS
from host import LAYERS, RESPIRED, SHARES, Host, weather

DAY = 86400.0
SOILS = (("loam, pH 6.5", 0.0, 6.5), ("calcareous loam, 2 % CaCO3, pH 7.5", 0.02, 7.5))  # name, kg kg-1, pH of the map
FERTILISERS = (0.0, 15.0)  # g N m-2 a-1
MODES = ("off", "on", "fed back")
# base cations that leave with the harvest, mol of charge per mol of nitrogen taken up: excess base of cereals (Pierre and Banwart
# 1973, Agron. J. 65, 91-96) times a harvested share of 0.8
EXPORTED_BASE = 0.45 * 0.8


def forcing_of(host_fluxes: dict, day: int, who: np.ndarray) -> dict:
    """What an adapter makes of the host's day for the columns ``who``: SI, per layer by the topsoil's shares."""
    w = weather(day)
    n = int(who.sum())
    per_second = 1e-3 / DAY  # g d-1 to kg s-1
    layered = {
        "n_nit": host_fluxes["nitrified"],
        "n_min": host_fluxes["mineralised"],
        "n_up_nh4": host_fluxes["from_nh4"] + host_fluxes["nh3"],  # NH3 that leaves gives up its proton, as uptake does
        "n_up_no3": host_fluxes["from_no3"],
        "n_den": host_fluxes["denitrified"],
    }
    made = {name: np.outer(values[who] * per_second, SHARES) for name, values in layered.items()}
    uptake = (host_fluxes["from_nh4"] + host_fluxes["from_no3"])[who] * per_second / MOLAR_MASS_N
    made["bc_up"] = np.outer(EXPORTED_BASE * uptake, SHARES)
    roots = np.exp(-np.cumsum(LAYERS) / 0.3)
    return {
        **made,
        "w_liq": np.tile(250.0 * LAYERS, (n, 1)),
        "t_soil": np.full((n, len(LAYERS)), 273.15 + w.temperature),
        "w_sink": np.tile(roots / roots.sum() * w.transpired / DAY, (n, 1)),
        "q_bot": np.full(n, w.drainage / DAY),
        "co2_src_total": np.full(n, RESPIRED / 365.0 / DAY * w.season),
        "dep_nh4": (host_fluxes["given"][who] + 0.5 / 365.0) * per_second / MOLAR_MASS_N,  # urea: ammonium and bicarbonate
        "dep_no3": np.full(n, 0.5 / 365.0 * per_second / MOLAR_MASS_N),
    }


def run(years: int, bundle: str | None) -> tuple[list[tuple], dict[str, np.ndarray]]:
    """Cases (soil, model, fertiliser, mode) and yearly means (pH) or sums of each flux, (year, case)."""
    cases = list(itertools.product(range(len(SOILS)), range(len(MODELS)), range(len(FERTILISERS)), range(len(MODES))))
    soil, model, fertiliser, mode = (np.array(column) for column in zip(*cases, strict=True))
    map_ph = np.array([SOILS[s][2] for s in soil])
    host = Host(model, np.array([FERTILISERS[f] for f in fertiliser]))
    coupled, fed = mode > 0, mode == 2
    properties = {
        "dz": np.tile(LAYERS, (int(coupled.sum()), 1)),
        "caco3": np.array([SOILS[s][1] for s in soil[coupled]])[:, None] * np.ones(len(LAYERS)),
        "ph0": map_ph[coupled][:, None] * np.ones(len(LAYERS)),
    }
    names = ("ph", "nh3", "n2o", "leached", "gpp", "from_carbonate")
    kept = {name: np.zeros((years, len(cases))) for name in names}
    ours = map_ph.copy()
    with calcisol.Model(bundle) as emulator, emulator.columns(properties) as columns:
        for day in range(365 * years):
            fluxes = host.step(day, np.where(fed, ours, map_ph))
            out = columns.step(DAY, forcing_of(fluxes, day, coupled), outputs=("ph_top", "co2_adj"))
            ours[coupled] = out["ph_top"]
            year = kept["ph"][day // 365]
            year += ours / 365.0
            for name in names[1:-1]:
                kept[name][day // 365] += fluxes[name]
            kept["from_carbonate"][day // 365, coupled] += out["co2_adj"] * DAY * 1e3
    return cases, kept


def table(cases: list[tuple], kept: dict[str, np.ndarray]) -> None:
    """Means of the last five years; kg N ha-1 a-1, g C m-2 a-1."""
    last = {name: values[-5:].mean(0) for name, values in kept.items()}
    for s, (soil, _, _) in enumerate(SOILS):
        print(soil)
        print("  model          kg N ha-1 a-1 pH read       pH     NH3     N2O  leached     GPP")
        for i, (a, m, f, mode) in enumerate(cases):
            if a == s and mode != 1:
                nh3, n2o, leached = (10.0 * last[name][i] for name in ("nh3", "n2o", "leached"))
                who = f"{MODELS[m].name:14s} {10.0 * FERTILISERS[f]:13.0f} {'map' if mode == 0 else 'dynamic':9s}"
                print(f"  {who} {last['ph'][i]:6.2f} {nh3:7.2f} {n2o:7.2f} {leached:8.2f} {last['gpp'][i]:7.1f}")
    same = all(
        np.array_equal(kept[name][:, i], kept[name][:, i + 1])
        for i, case in enumerate(cases)
        if case[3] == 0
        for name in ("nh3", "n2o", "leached", "gpp")
    )
    print("a host that does not read our pH has the same bits with calcisol off and on:", "yes" if same else "NO")


def main() -> None:
    """Run, print, and draw where asked."""
    parser = argparse.ArgumentParser(description="Dynamic pH in the nitrogen cycles of three land models")
    parser.add_argument("bundle", nargs="?", help="bundle file (default: the shipped one)")
    parser.add_argument("--years", type=int, default=30)
    parser.add_argument("--plots", action="store_true", help="write dynamic_ph.png")
    arguments = parser.parse_args()
    cases, kept = run(arguments.years, arguments.bundle)
    table(cases, kept)
    if arguments.plots:
        from plots import draw

        draw(cases, kept)


if __name__ == "__main__":
    main()

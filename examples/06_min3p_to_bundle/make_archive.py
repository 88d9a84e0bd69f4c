"""The archive of this example: ten MIN3P runs as a colleague might have made them. Needs MIN3P; packed beside this file.

Use:     MIN3P_EXE=... MIN3P_DB=... python make_archive.py FOLDER        # writes FOLDER and archive.tar.xz (a minute)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
from calcisol.emulator.contract.constants import MOLAR_MASS_C, MOLAR_MASS_N

YEARS, RUNS = 8, 10
KEPT = ("gst", "gsm", "gsg", "gsv", "gsb", "gsp", "gsd", "mac", "mmc", "mvc")
THICKNESS = np.array([0.15, 0.20, 0.30, 0.35])  # m, from the surface down
BULK_DENSITY = 1.35  # g cm-3
SITES = {"clay": 1.0, "humus": 4.2}  # log10 K of H against Na
IONS = {"clay": ("na", "ca", "mg", "k", "nh4", "h"), "humus": ("na", "ca", "mg", "h")}
EXCHANGE = {"ca": ("ca+2", 2, 0.7959), "mg": ("mg+2", 2, 0.6021), "k": ("k+1", 1, 0.6990), "nh4": ("nh4+1", 1, 0.6021)}
SOURCES = {  # what a mole releases; what limits the rate
    "root-co2": ("3 'co3-2' 1.0 'h+1' 2.0 'h2o' -1.0", ""),
    "npk": ("2 'nh4+1' 1.0 'no3-1' 1.0", ""),
    "nitrify": (
        "4 'nh4+1' -1.0 'no3-1' 1.0 'h+1' 2.0 'h2o' 1.0",
        "'hyperbolic T^a' 1\n'nh4+1' 1.0e-3 1.0d0\n'inhibition C^c' 1\n'h+1' 1.0e-5 1.0d0\n",
    ),
    "crop-no3": ("2 'no3-1' -1.0 'h+1' -1.0", "'hyperbolic T^a' 1\n'no3-1' 1.0e-4 1.0d0\n"),
}  # fmt: skip
SECONDS = 365.0 * 86400.0


def database(stock: Path, folder: Path) -> None:
    """The stock database, two exchange sites of their own names, and the sources."""
    folder.mkdir(parents=True)
    for name in ("comp.dbs", "complex.dbs", "gases.dbs", "redox.dbs"):
        shutil.copy(stock / name, folder / name)
    entries = "".join(
        f"'{n}'\n'surface'\n 1.0 1.0d6\n {s}\n'irreversible dissolution'\n{law}!\n" for n, (s, law) in SOURCES.items()
    )
    (folder / "mineral.dbs").write_text(entries + (stock / "mineral.dbs").read_text(encoding="latin-1"), encoding="latin-1")
    lines = []
    for site, proton in SITES.items():
        lines += [f"'na-{site}(na)'  0.0  0.0  1.00  22.9898", "  1 'na+1' 0.0", f"'h-{site}(na)'  0.0  {proton}  1.00  1.008",
                  "  2 'h+1' 1.0 'na+1' -1.0"]  # fmt: skip
        for ion in IONS[site]:
            if ion in EXCHANGE:
                component, z, log_k = EXCHANGE[ion]
                lines += [f"'{ion}-{site}(na)'  0.0  {log_k}  {z:.2f}  1.0", f"  2 '{component}' 1.0 'na+1' {-z:.1f}"]
    (folder / "sorption.dbs").write_text("\n".join(lines) + "\n")
    (folder / "noblegases.dbs").write_text("")


def water(ph: float, ca: float, pco2: float) -> list[str]:
    """Composition lines; calcium balances the charge of the soil's water, chloride that of the rain."""
    rain = ph < 6.0
    soil = {"k+1": 1e-4, "na+1": 2e-4, "nh4+1": 5e-6, "cl-1": 2e-4, "no3-1": 2e-4, "so4-2": 1e-4}
    fallen = {"k+1": 5e-6, "na+1": 6e-5, "nh4+1": 5e-6, "cl-1": 9e-5, "no3-1": 2e-5, "so4-2": 1e-5}
    values = {"ca+2": ca, "mg+2": 0.12 * ca, **(fallen if rain else soil)}
    balance = "cl-1" if rain else "ca+2"
    lines = [f"{v:.4e} '{'charge' if c == balance else 'free'}'" for c, v in values.items()]
    return ["'concentration input'", *lines, f"{pco2:.4e} 'pco2'", f"{ph:.3f} 'ph'", "'guess for ph'", f"{ph:.2f}"]


def deck(d: dict[str, float]) -> str:
    """A deck in years, with output twice a year; ``d`` is what differs between the runs."""
    bottom = np.cumsum(THICKNESS)
    lines = ["'initial condition - reactive transport'", str(len(THICKNESS))]
    for i, (top, low) in enumerate(zip(bottom - THICKNESS, bottom, strict=True)):
        lines += layer(d, i, float(top), float(low), float(bottom[-1]))
    chemistry = "\n".join([*lines, "'done'"])
    template = Path(__file__).with_name("deck.txt").read_text()
    return template.format(temperature=d["temperature"], infiltration=d["drainage"] * 1e-3 / SECONDS, chemistry=chemistry)


def layer(d: dict[str, float], i: int, top: float, bottom: float, height: float) -> list[str]:
    """Chemistry of one layer: water, exchanger, calcite, and the rates of the sources [mol/(L bulk)/s]."""
    volume = 1e3 * (bottom - top)
    depth = 0.5 * (top + bottom)
    share = np.exp(-top / 0.25) - np.exp(-bottom / 0.25)
    phi = d["caco3"] * (1.0 if i == 0 else 1.5) / 100.0 * BULK_DENSITY / 2.71
    nitrogen = d["nitrogen"] * 1e-4 / MOLAR_MASS_N
    rates = {
        "root-co2": 1e-3 * d["respiration"] / MOLAR_MASS_C * share,
        "npk": nitrogen / 2.0 if i == 0 else 0.0, "nitrify": 14.0 * share,
        "crop-no3": 0.5 * nitrogen * (1.0 if i < 2 else 0.0) * 0.5,
    }  # fmt: skip
    lines = ["'number and name of zone'", str(i + 1), f"'horizon {i + 1}'", *water(7.3, 2e-3, 8e-3),
             "'sorption parameter input of ion-exchange'", f"{d['cec'] * np.exp(-depth / 2.0):.4f}", f"{BULK_DENSITY}",
             "'CEC fraction of multisite ion exchange'", f"{1.0 - 0.3 * np.exp(-depth):.5f}", f"{0.3 * np.exp(-depth):.5f}",
             "'equilibrate with fixed solution composition'", "'mineral input'", f"{phi:.6e} .false. 'twothird'",
             f"1.0d-10 {2e-8 * (phi / 0.05) ** (2 / 3):.5e} 0.0"]  # fmt: skip
    for rate in rates.values():
        lines += ["1.0d-3 .false. 'constant'", f"1.0d-10 {rate / volume / SECONDS:.6e} 0.0"]
    # a step takes the factor that holds at its end: rows just after an output, or the output shows the next half-year's rates
    lines += ["'intermittent reactions'", "2", "'root-co2'", "'npk'", str(2 * YEARS)]
    lines += [f"{0.5 * n + (0.002 if n else 0.0):.4f} {(0.7, 1.3)[n % 2]} {(1.6, 0.4)[n % 2]}" for n in range(2 * YEARS)]
    return [*lines, "'extent of zone'", f"0.0 1.0 0.0 1.0 {height - bottom:.4f} {height - top:.4f}", "'end of zone'"]


def trim(run: Path) -> None:
    """Leave what a colleague would send: deck, outputs, echo of the database; budgets with their rows at outputs."""
    shutil.rmtree(run / "chem")
    for path in sorted(run.iterdir()):
        if path.suffix in (".mac", ".mmc"):
            lines = path.read_text().splitlines(keepends=True)
            rows = [line for line in lines[3:] if abs(float(line[:16]) * 2.0 - round(float(line[:16]) * 2.0)) < 1e-6]
            path.write_text("".join([*lines[:3], *rows]))
        elif path.suffix == ".log":
            lines = path.read_text(errors="replace").splitlines(keepends=True)
            path.write_text("".join([line for line in [*lines[:12], *lines[-12:]] if "Command line" not in line]))
        elif path.name != "root.dat" and path.suffix[1:] not in (*KEPT, "dat", "bcvs", "dbs", "fls"):
            path.unlink()


def pack(folder: Path, target: Path) -> None:
    """One small file of all runs, the same bytes for the same runs."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
        return entry

    with tarfile.open(target, "w:xz", preset=9) as archive:
        for path in sorted(folder.rglob("*"), key=lambda p: (p.suffix, p.name, str(p))):
            if path.is_file():
                archive.add(path, f"lysimeters/{path.relative_to(folder)}", filter=plain)


def main(folder: Path) -> None:
    """Write, run, trim, pack."""
    rng = np.random.default_rng(6)
    for n in range(RUNS):
        d = {
            "temperature": rng.uniform(7.0, 13.0), "drainage": rng.uniform(150.0, 450.0), "caco3": rng.uniform(0.3, 8.0),
            "cec": rng.uniform(10.0, 25.0), "nitrogen": rng.uniform(0.0, 220.0), "respiration": rng.uniform(400.0, 900.0),
        }  # fmt: skip
        run = folder / f"lys_{n + 1:02d}"
        shutil.rmtree(run, ignore_errors=True)
        database(Path(os.environ["MIN3P_DB"]), run / "chem")
        (run / "lys.dat").write_text(deck(d))
        (run / "root.dat").write_text("lys")
        rows = [
            f"{max(0.5 * i, 1e-8):.8f} {d['drainage'] * 1e-3 / SECONDS * (1.4, 0.6)[i % 2]:.6e} 1.0" for i in range(2 * YEARS)
        ]
        (run / "lys.bcvs").write_text("\n".join(rows) + "\n")
        subprocess.run([os.environ["MIN3P_EXE"]], cwd=run, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        log = (run / "lys.log").read_text(errors="replace")
        print(run.name, "normal exit" in log[-3000:], flush=True)
        trim(run)
    pack(folder, Path(__file__).with_name("archive.tar.xz"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""The MIN3P database the ensemble runs with: the user's stock files, repaired, plus our own reactions.

What:    1. log10 K and enthalpy of the carbonate system, refitted to the analytic expressions of PHREEQC over 0-30 degC, because
         MIN3P knows van 't Hoff only and its CO2(aq) enthalpy loses a third of the dissolved CO2 at 5 degC;
         2. sources and sinks of an arable soil as irreversible "minerals"; 3. cation exchange on sites of different acidity.
Units:   kcal/mol and log10 K (mol/kg, atm) as in MIN3P's files; half-saturations mol/L.
Source:  phreeqc.dat (Parkhurst & Appelo 2013, USGS Techniques and Methods 6-A43); exchange: Appelo & Postma (2005, table 6.4).
Use:     ``digest = write_database(Path(os.environ["MIN3P_DB"]), run / "db", SITES, ["resp", "an"])``
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from ..contract.errors import InputError

GAS_CONSTANT = 1.987e-3
"""kcal mol-1 K-1, with the digits MIN3P itself uses, so that the fit is undone exactly."""
T_REFERENCE = 298.15
"""K, reference temperature of MIN3P's constants."""
FIT_RANGE = (273.15, 303.15)
"""K, soil temperatures over which the constant-enthalpy law is fitted."""
STOCK_FILES = ("comp.dbs", "complex.dbs", "gases.dbs", "redox.dbs", "mineral.dbs", "sorption.dbs")

# log10 K(T) = a + b T + c/T + d log10 T + e/T^2 + f T^2, all from phreeqc.dat, for the association reactions of MIN3P
_CO3_H = np.array([107.8871, 0.03252849, -5151.79, -38.92561, 563713.9, 0.0])  # CO3 + H = HCO3
_CO3_2H = np.array([464.1965, 0.09344813, -26986.16, -165.75951, 2248628.9, 0.0])  # CO3 + 2 H = CO2 + H2O
_CO2_GAS = np.array([10.5624, -2.3547e-2, -3972.8, 0.0, 5.8746e5, 1.9194e-5])  # CO2(g) = CO2
_CALCITE = np.array([-171.9065, -0.077993, 2839.319, 71.595, 0.0, 0.0])  # CaCO3 = Ca + CO3 (Plummer & Busenberg 1982)

ANALYTIC: dict[str, np.ndarray] = {
    "oh-": np.array([293.29227, 0.1360833, -10576.913, -123.73158, 0.0, -6.996455e-5]),
    "hco3-": _CO3_H,
    "h2co3aq": _CO3_2H,
    "cahco3+": np.array([1317.0071, 0.34546894, -39916.84, -517.70761, 563713.9, 0.0]),
    "caco3aq": np.array([-1228.732, -0.299440, 35512.75, 485.818, 0.0, 0.0]),
    "mghco3+": np.array([48.6721, 0.03252849, -2614.335, -18.00263, 563713.9, 0.0]),
    "mgco3aq": np.array([0.9910, 0.00667, 0.0, 0.0, 0.0, 0.0]),
    "nh3aq": np.array([0.6322, -0.001225, -2835.76, 0.0, 0.0, 0.0]),
    "aloh+2": np.array([-38.253, 0.0, -656.27, 14.327, 0.0, 0.0]),
    "al(oh)2+": np.array([88.50, 0.0, -9391.6, -27.121, 0.0, 0.0]),
    "al(oh)3aq": np.array([226.374, 0.0, -18247.8, -73.597, 0.0, 0.0]),
    "al(oh)4-": np.array([51.578, 0.0, -11168.9, -14.865, 0.0, 0.0]),
    "co2(g)": _CO3_2H - _CO2_GAS,
    "calcite": -_CALCITE,
}
FIXED: dict[str, tuple[float, float]] = {"caso4aq": (2.25, 1.325), "mgso4aq": (2.37, 4.55)}
"""log10 K at 25 degC and enthalpy [kcal/mol] where phreeqc.dat has no analytic expression."""
CALCITE_DENSITY = 2.71e3
"""kg m-3, as in MIN3P's mineral file (Klein & Hurlbut 1993)."""
CALCITE_MOLAR_MASS = 100.0894e-3
"""kg mol-1, as in MIN3P's mineral file."""


def analytic_log_k(name: str, kelvin: np.ndarray | float) -> np.ndarray:
    """PHREEQC's log10 K of one reaction at ``kelvin`` (any shape)."""
    t = np.asarray(kelvin, dtype=float)
    a, b, c, d, e, f = ANALYTIC[name]
    return a + b * t + c / t + d * np.log10(t) + e / t**2 + f * t**2


def van_t_hoff(log_k25: float, enthalpy: float, kelvin: np.ndarray | float) -> np.ndarray:
    """log10 K of a constant enthalpy [kcal/mol], as MIN3P computes it."""
    t = np.asarray(kelvin, dtype=float)
    return log_k25 + enthalpy / (GAS_CONSTANT * np.log(10.0)) * (1.0 / T_REFERENCE - 1.0 / t)


def fit(name: str) -> tuple[float, float]:
    """(log10 K at 25 degC, enthalpy kcal/mol) closest to PHREEQC over 0-30 degC (least squares), or the fixed pair."""
    if name in FIXED:
        return FIXED[name]
    t = np.linspace(*FIT_RANGE, 61)
    basis = np.stack([np.ones_like(t), (1.0 / T_REFERENCE - 1.0 / t) / (GAS_CONSTANT * np.log(10.0))], axis=1)
    log_k, enthalpy = np.linalg.lstsq(basis, analytic_log_k(name, t), rcond=None)[0]
    return float(log_k), float(enthalpy)


# ------------------------------------------------------------------------------------------------ sources and sinks
@dataclass(frozen=True)
class Reaction:
    """An irreversible source or sink: what one mole of it releases (+) or takes (-) [mol component / mol reaction]."""

    release: Mapping[str, float]
    meaning: str
    monod: tuple[tuple[str, float], ...] = ()  # (component, half-saturation mol/L)
    acid_stop: float | None = None  # H+ activity at which the rate is halved


REACTIONS: dict[str, Reaction] = {
    "resp": Reaction({"co3-2": 1, "h+1": 2, "h2o": -1}, "CO2 of roots and decomposers"),
    "an": Reaction({"nh4+1": 1, "no3-1": 1}, "ammonium nitrate"),
    "urea": Reaction({"nh4+1": 2, "co3-2": 1, "h2o": -2}, "urea, hydrolysed"),
    "as": Reaction({"nh4+1": 2, "so4-2": 1}, "ammonium sulphate"),
    "cn": Reaction({"ca+2": 1, "no3-1": 2}, "calcium nitrate"),
    "man": Reaction({"nh4+1": 1, "co3-2": 1, "h+1": 1}, "ammonium of manure and slurry, as bicarbonate"),
    "min": Reaction({"nh4+1": 1, "h+1": -1}, "mineralisation of organic nitrogen (soil, manure); takes a proton"),
    "lime": Reaction({"ca+2": 1, "co3-2": 1}, "lime, released into the plough layer; calcite precipitates where it is stable"),
    "irr": Reaction({"ca+2": 1, "co3-2": 2, "h+1": 2}, "alkalinity of irrigation water, as calcium bicarbonate"),
    "kcl": Reaction({"k+1": 1, "cl-1": 1}, "potash"),
    "nitr": Reaction({"nh4+1": -1, "no3-1": 1, "h+1": 2, "h2o": 1}, "nitrification", (("nh4+1", 1.0e-3),), 10**-5.0),
    "uno3": Reaction({"no3-1": -1, "h+1": -1}, "nitrate uptake, OH- given back", (("no3-1", 1.0e-4),)),
    "unh4": Reaction({"nh4+1": -1, "h+1": 1}, "ammonium uptake and ammonia loss, H+ given back", (("nh4+1", 1.0e-4),), 10**-4.5),
    "den": Reaction({"no3-1": -1, "h+1": -1}, "denitrification (its CO2 is part of resp)", (("no3-1", 1.0e-3),)),
    "ubc": Reaction(
        {"ca+2": -0.3, "mg+2": -0.1, "k+1": -0.8, "h+1": 1.6},
        "base cations exported with the harvest",
        (("k+1", 2.0e-5), ("mg+2", 2.0e-5), ("ca+2", 2.0e-5)),
        10**-5.0,
    ),
    "weath": Reaction({"ca+2": 0.3, "mg+2": 0.3, "k+1": 0.4, "na+1": 0.4, "h+1": -2}, "silicate weathering"),
}
PREFIX = "x-"
"""MIN3P name of a reaction of ours: ``x-resp``."""


def reaction_entries(names: Iterable[str]) -> str:
    """Entries for mineral.dbs. Gram formula weight 1 and a huge density make the stock inexhaustible and volume-free.

    No line may be blank: MIN3P skips the entry after a blank line that precedes a comment.
    """
    lines = ["! sources and sinks of the ensemble"]
    for name in names:
        reaction = REACTIONS[name]
        terms = " ".join(f"'{c}' {v:.4f}" for c, v in reaction.release.items())
        lines += [
            "!",
            f"'{PREFIX}{name}'",
            "'surface'",
            " 1.0000 1.0d6",
            f" {len(reaction.release)} {terms}",
            "'irreversible dissolution'",
        ]
        if reaction.monod:
            lines.append(f"'hyperbolic T^a' {len(reaction.monod)}")
            lines += [f"'{c}' {k:.3e} 1.0d0" for c, k in reaction.monod]
        if reaction.acid_stop is not None:
            lines += ["'inhibition C^c' 1", f"'h+1' {reaction.acid_stop:.4e} 1.0d0"]
    return "\n".join(lines) + "\n!\n"


# ------------------------------------------------------------------------------------------------ exchange
SITES: dict[str, float] = {"x": 1.0, "ya": 3.2, "yb": 4.6}
"""log10 K of H+ + Na-X = H-X + Na+ per site: permanent charge (MIN3P's own value) and two variable-charge sites."""


@dataclass(frozen=True)
class Exchanger:
    """Exchange species of one ion: what it takes from solution per mole, charge it covers, Gaines-Thomas constant against Na."""

    takes: Mapping[str, float]  # component -> mol per mol of species, sodium left out
    charge: int
    weight: float  # gram formula weight, not used by MIN3P's balances
    log_k: float
    enthalpy: float = 0.0  # kcal/mol


ALUMINIUM_LOG_K = 2.7
"""log10 K of AlOH+2 + 2 X- = AlOHX2, an effective value that lets the divalent species hold what AlX3 (phreeqc.dat, 0.41) would:
equal shares at pH 4.3, 10 degC and (NaX/Na) = 15, i.e. 10**0.41 * 15 * 10**-4.3 / 10**-5.4 (phreeqc.dat's own AlOHX2: 0.89)."""


def _aluminium() -> Exchanger:
    """Al as the divalent AlOHX2, written from Al+3 with the fitted hydrolysis constant.

    Not as AlX3: MIN3P 2.6.2 solves the Gaines-Thomas sum as a quadratic and takes every ion that is not divalent for monovalent
    (sorbspc.F90). An ion of charge 3 then scales with 1/Na^3 instead of (NaX/Na)^3: below pH 5 it swallows the whole site, the
    other ions fall to 1e-11, and the step collapses. That lost the acid ammonium-sulphate members of the v0 ensemble.
    """
    log_k, enthalpy = fit("aloh+2")
    return Exchanger({"al+3": 1.0, "h+1": -1.0, "h2o": 1.0}, 2, 43.988, ALUMINIUM_LOG_K + log_k, enthalpy)


@cache
def exchangers() -> dict[str, Exchanger]:
    """Ions that can sit on a site; sodium is the reference. Constants: MIN3P's own, as Appelo & Postma (2005, table 6.4)."""
    return {
        "ca": Exchanger({"ca+2": 1.0}, 2, 40.08, 0.7959),
        "mg": Exchanger({"mg+2": 1.0}, 2, 24.312, 0.6021),
        "k": Exchanger({"k+1": 1.0}, 1, 39.102, 0.6990),
        "nh4": Exchanger({"nh4+1": 1.0}, 1, 18.0386, 0.6021),
        "aloh": _aluminium(),
    }


def sorbed_amounts(ion: str) -> dict[str, float]:
    """Component -> mol per mol of charge on the exchanger, for one ion (``na`` and ``h`` included)."""
    if ion in ("na", "h"):
        return {f"{ion}+1": 1.0}
    entry = exchangers()[ion]
    return {c: n / entry.charge for c, n in entry.takes.items() if c != "h2o"}


def sorption_entries(sites: Mapping[str, float]) -> str:
    """sorption.dbs: every ion on every site; sites differ in the proton constant alone."""
    lines = []
    for site, proton in sites.items():
        lines += [f"'na-{site}(na)'  0.0000  0.0000  1.00  22.98980", "  1  'na+1'  0.000"]
        lines += [f"'h-{site}(na)'  0.0000  {proton:.4f}  1.00  1.00800", "  2  'h+1'  1.000  'na+1'  -1.000"]
        for ion, e in exchangers().items():
            terms = "  ".join(f"'{c}'  {n:.3f}" for c, n in e.takes.items())
            lines.append(f"'{ion}-{site}(na)'  {e.enthalpy:.4f}  {e.log_k:.4f}  {e.charge:.2f}  {e.weight:.5f}")
            lines.append(f"  {len(e.takes) + 1}  {terms}  'na+1'  {-e.charge:.3f}")
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------------------ writing
def _repair_species(text: str, names: Iterable[str], where: str) -> str:
    """Replace enthalpy and log10 K on the line that opens with each name; the line's other numbers stay."""
    for name in names:
        log_k, enthalpy = fit(name)
        # MIN3P reads these lines by column, so that each number must end where the old one ended
        pattern = re.compile(rf"^({re.escape(name)})( +[-+.\d]+)( +[-+.\d]+)(?=\s)", re.MULTILINE)
        old = pattern.search(text)
        if old is None:
            raise InputError(f"{where} has no species {name!r}; point MIN3P_DB at MIN3P's default database")
        new = f"{old[1]}{enthalpy:{len(old[2])}.4f}{log_k:{len(old[3])}.4f}"
        text = text[: old.start()] + new + text[old.end() :]
    return text


def _repair_mineral(text: str, name: str) -> str:
    log_k, enthalpy = fit(name)
    pattern = re.compile(rf"(^'{re.escape(name)}'\s*$(?:\n.*?)*?\n'reversible'\s+)[-+.\d]+\s+[-+.\d]+", re.MULTILINE)
    text, count = pattern.subn(lambda m: f"{m[1]}{log_k:.4f} {enthalpy:.4f}", text, count=1)
    if count == 0:
        raise InputError(f"mineral.dbs has no mineral {name!r}; point MIN3P_DB at MIN3P's default database")
    return text


PEDOGENIC = "calcite-ped"
"""MIN3P name of the calcite that forms in a column whose pedogenic carbonate waits for supersaturation."""


def _calcite(text: str, si_pedogenic: float) -> str:
    """mineral.dbs with calcite split into one that dissolves and one that forms; as it is where ``si_pedogenic`` is 0."""
    if si_pedogenic <= 0.0:
        return text
    log_k, enthalpy = fit("calcite")
    pattern = re.compile(r"(^'calcite'\s*$(?:\n.*?)*?\n)'reversible'", re.MULTILINE)
    text = pattern.sub(lambda m: f"{m[1]}'irreversible dissolution - log K control'", text, count=1)
    weight, density = CALCITE_MOLAR_MASS * 1e3, CALCITE_DENSITY * 1e-3
    entry = [
        "! calcite that forms above a saturation index and never dissolves", "!", f"'{PEDOGENIC}'", "'surface'",
        f" {weight:.4f} {density:.4f}", " 2 'ca+2' 1.0000 'co3-2' 1.0000",
        f"'irreversible precipitation - log K control' {log_k - si_pedogenic:.4f} {enthalpy:.4f}",
    ]  # fmt: skip
    return "\n".join(entry) + "\n!\n" + text


def write_database(
    stock: Path, target: Path, sites: Mapping[str, float], reactions: Iterable[str], si_pedogenic: float = 0.0
) -> str:
    """Write the repaired database into ``target`` and return its SHA-256.

    ``si_pedogenic`` above 0: the mineral calcite dissolves alone, and PEDOGENIC forms alone, above that saturation index.

    Raises FileNotFoundError when ``stock`` lacks a file, ValueError when a species to repair is not in it.
    """
    target.mkdir(parents=True, exist_ok=True)
    missing = [f for f in STOCK_FILES if not (stock / f).is_file()]
    if missing:
        raise FileNotFoundError(f"MIN3P_DB={stock} lacks {', '.join(missing)}; point it at MIN3P's default database folder")

    def read(name: str) -> str:
        return (stock / name).read_text(encoding="latin-1").replace("\r\n", "\n")

    shutil.copyfile(stock / "redox.dbs", target / "redox.dbs")
    (target / "noblegases.dbs").write_text("")
    gases = {"co2(g)"}
    aqueous = [n for n in (*ANALYTIC, *FIXED) if n not in gases and n != "calcite"]
    texts = {
        # sodium's own diffusion coefficient carries a typing error in the stock file (used by multicomponent diffusion alone)
        "comp.dbs": read("comp.dbs").replace("1.334d-7", "1.334d-9"),
        "complex.dbs": _repair_species(read("complex.dbs"), aqueous, "complex.dbs"),
        "gases.dbs": _repair_species(read("gases.dbs"), gases, "gases.dbs"),
        "mineral.dbs": reaction_entries(reactions) + _calcite(_repair_mineral(read("mineral.dbs"), "calcite"), si_pedogenic),
        "sorption.dbs": sorption_entries(sites),
    }
    for name, text in texts.items():
        (target / name).write_text(text, encoding="latin-1")
    return database_hash(target)


def database_hash(folder: Path) -> str:
    """SHA-256 over names and contents of all ``*.dbs`` files of a folder, sorted by name."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.dbs")):
        digest.update(path.name.encode() + b"\n" + path.read_bytes())
    return digest.hexdigest()

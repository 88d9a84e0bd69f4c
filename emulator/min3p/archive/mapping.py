"""The map from an archive's names to calcisol's: what the user edits, read back and checked.

What:    component -> pool, exchange site -> charge, mineral -> calcite or left out, source -> forcing. A TOML file in the words
         of the field; ``proposal`` writes the first one.
Errors:  one sentence: the key, its value, what may stand there.
Use:     ``mapping = read_mapping(Path("MAP.toml")); mapping.check(setup)``
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...contract.errors import InputError
from .exchange import sites_of
from .setup import Setup

FORMAT = "calcisol-map-1"
LEFT_OUT = "left out"
POOLS = ("ca", "mg", "k", "na", "nh4", "no3", "cl", "so4", "dic", "charge balance", "gibbsite", LEFT_OUT)
SITES = ("permanent", "variable", "second variable")
MINERALS = ("calcite", "secondary calcite", "gibbsite", LEFT_OUT)
SOURCES = (
    "respiration", "organic matter", "nitrification", "mineralisation", "ammonium uptake", "nitrate uptake", "denitrification",
    "base cation uptake", "weathering", "surface", LEFT_OUT,
)  # fmt: skip
"""Forcing of the contract: co2_src; co2_src and n_min; n_nit; n_min; n_up_nh4; n_up_no3; n_den; bc_up; weath; and what enters
layer 1 (fertiliser, lime, irrigation), booked with the deposition."""
WORDS = {"pools": POOLS, "sites": SITES, "minerals": MINERALS, "sources": SOURCES}
LEARN = {"version": str, "largest_residual": float, "units": str, "every": float}
UNITS_AS_WRITTEN = "as MIN3P writes them"
MOST_RESIDUAL = 0.25
LARGEST_RESIDUAL = 5.0e-3
"""Share of its throughput by which a budget may stay open: volume fractions printed with seven digits leave up to 1e-3."""


@dataclass(frozen=True)
class Mapping:
    """A map; the parts as in its file."""

    path: str
    pools: dict[str, str]
    sites: dict[str, str]
    minerals: dict[str, str]
    sources: dict[str, str]
    learn: dict[str, Any] = field(default_factory=dict)
    text: str = ""

    @property
    def calcite(self) -> list[str]:
        """Minerals that are the pool of calcite, the primary one first."""
        return [m for kind in ("calcite", "secondary calcite") for m, word in self.minerals.items() if word == kind]

    @property
    def gibbsite(self) -> str:
        """The hydroxide that limits aluminium; "" where there is none."""
        return next((m for m, word in self.minerals.items() if word == "gibbsite"), "")

    @property
    def largest_residual(self) -> float:
        """Share of the throughput by which a budget may stay open."""
        return float(self.learn.get("largest_residual", LARGEST_RESIDUAL))

    def component(self, pool: str) -> str:
        """The component of a pool; "" where the archive has none."""
        return next((c for c, word in self.pools.items() if word == pool), "")

    def check(self, setup: Setup) -> None:
        """Raises InputError for a name of the archive that the map lacks, or one that the archive lacks."""
        sources = [*(m for m in setup.minerals if m not in self.minerals), *setup.reactions]
        for part, mine, theirs in (
            ("pools", self.pools, setup.components), ("sites", self.sites, sites_of(setup)),
            ("minerals", {**self.minerals, **self.sources}, setup.minerals), ("sources", self.sources, sources),
        ):  # fmt: skip
            for name in theirs:
                if name not in mine:
                    words = " or ".join(dict.fromkeys((part, "sources"))) if part == "minerals" else part
                    raise InputError(
                        f"{self.path} says nothing of {name!r}; add it to [{words}], as {LEFT_OUT!r} if it has no counterpart"
                    )
        if not self.calcite:
            raise InputError(f"{self.path} maps no mineral to calcite; without it there is nothing to learn of carbonate")
        for pool in ("ca", "dic"):
            if not self.component(pool):
                raise InputError(f"{self.path} maps no component to {pool!r}; the step needs 'ca' and 'dic'")


def _unknown(path: Path, part: str, key: str, known: Iterable[str]) -> InputError:
    close = difflib.get_close_matches(key, list(known), 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return InputError(f"{path}: {part} {key!r} is unknown; known are {', '.join(known)}{hint}")


def read_mapping(path: Path) -> Mapping:
    """Read and check a map. Raises InputError."""
    if not path.is_file():
        raise InputError(f"map {path} does not exist; make one with `calcisol archive DIR --propose {path}`")
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"map {path} cannot be read ({error}); names with + ( ) stand in quotes") from None
    if raw.pop("format", None) != FORMAT:
        raise InputError(f'map {path} does not open with format = "{FORMAT}"; make one with `calcisol archive DIR --propose`')
    learn = raw.pop("learn", {})
    if not isinstance(learn, dict):
        raise InputError(f"{path}: [learn] must be a table, not {learn!r}")
    for part in raw:
        if part not in WORDS:
            raise _unknown(path, "part", part, (*WORDS, "learn"))
    for part, words in WORDS.items():
        entries = raw.setdefault(part, {})
        if not isinstance(entries, dict):
            raise InputError(f"{path}: [{part}] must be a table of name = word")
        for name, word in entries.items():
            if word not in words:
                raise _unknown(path, f"[{part}] {name!r} =", str(word), words)
    for key, value in learn.items():
        if key not in LEARN:
            raise _unknown(path, "[learn] key", key, LEARN)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number if LEARN[key] is float else isinstance(value, str)):
            raise InputError(f"{path}: [learn] {key} = {value!r} must be a {'number' if LEARN[key] is float else 'text'}")
    _check_learn(path, learn)
    mapping = Mapping(str(path), raw["pools"], raw["sites"], raw["minerals"], raw["sources"], learn, text)
    _check_once(path, mapping)
    return mapping


def _check_learn(path: Path, learn: dict[str, Any]) -> None:
    """Raises InputError for a value of [learn] that cannot be."""
    share = learn.get("largest_residual", LARGEST_RESIDUAL)
    if not 0.0 < float(share) <= MOST_RESIDUAL:
        raise InputError(f"{path}: [learn] largest_residual = {share} is no share of a budget; give one up to {MOST_RESIDUAL}")
    if not 0.0 < float(learn.get("every", 1.0)) < math.inf:
        raise InputError(f"{path}: [learn] every = {learn['every']} is no interval; give days above 0")
    if learn.get("units", UNITS_AS_WRITTEN) != UNITS_AS_WRITTEN:
        raise InputError(f"{path}: [learn] units = {learn['units']!r} is unknown; {UNITS_AS_WRITTEN!r} can stand there")


def _check_once(path: Path, mapping: Mapping) -> None:
    """Words that may stand once: two components cannot be one pool, nor two sites one charge."""
    for part, entries, free in (("pools", mapping.pools, (LEFT_OUT,)), ("sites", mapping.sites, ())):
        taken: dict[str, str] = {}
        for name, word in entries.items():
            if word in taken and word not in free:
                raise InputError(
                    f"{path}: [{part}] {name!r} and {taken[word]!r} are both {word!r}; one of them must be something else"
                )
            taken[word] = name
    if mapping.sites and "permanent" not in mapping.sites.values():
        raise InputError(f"{path}: [sites] has no permanent charge; one of {', '.join(mapping.sites)} must be it")
    for name in mapping.sources:
        if name in mapping.minerals:
            raise InputError(f"{path}: {name!r} stands in [minerals] and in [sources]; it can be one of them")

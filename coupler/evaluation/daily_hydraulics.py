"""The attributes of a daily column that its water needs: retention, roots, evaporation, both ends.

What:    ``read_hydraulics``: numbers by the names of docs/daily_columns.md, or the sentences that say the same.
Units:   m of suction, m-1, m s-1.
Use:     ``hydraulics = read_hydraulics(dataset.attrs, "paris.nc", DailyFileError)``
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NUMBER = r"(\d+\.?\d*(?:[eE][-+]?\d+)?)"
_SENTENCES = {  # attribute -> (text attribute, pattern)
    "root_scale_m": ("roots", rf"exp\(-z ?/ ?{NUMBER} ?m\)"),
    "root_depth_m": ("roots", rf"down to {NUMBER} ?m"),
    "field_suction_m": ("roots", rf"field head {NUMBER} ?m"),
    "wilting_suction_m": ("roots", rf"wilting head {NUMBER} ?m"),
    "evaporation_depth_m": ("evaporation", rf"top {NUMBER} ?m"),
    "canopy_extinction": ("evaporation", rf"exp\(-{NUMBER} ?lai\)"),
    "air_dry_suction_m": ("evaporation", rf"air-dry head of {NUMBER} ?m"),
    "pond_limit_m": ("runoff", rf"above {NUMBER} ?m"),
    "bottom_head_m": ("bottom", rf"fixed head {NUMBER}"),
}
_DEFAULTS = {  # of what the files leave out
    "root_scale_m": 0.25, "root_depth_m": 0.8, "field_suction_m": 2.0, "wilting_suction_m": 150.0, "evaporation_depth_m": 0.05,
    "canopy_extinction": 0.6, "air_dry_suction_m": 1600.0, "start_suction_m": 2.0,
}  # fmt: skip
_RETENTION = {"residual": "vg_residual_saturation", "alpha": "vg_alpha_per_m", "n": "vg_n", "k_sat": "vg_k_sat_m_per_s"}
_LEAST = {"residual": 0.0, "alpha": 1e-3, "n": 1.0, "k_sat": 1e-12}
_MOST = {"residual": 0.9, "alpha": 1e3, "n": 20.0, "k_sat": 1.0}


@dataclass(frozen=True)
class Hydraulics:
    """Van Genuchten-Mualem with l = 0.5, and what takes water: one soil from top to bottom."""

    residual: float  # share of the pores
    alpha: float
    n: float
    k_sat: float
    root_scale: float
    root_depth: float
    field_suction: float
    wilting_suction: float
    evaporation_depth: float
    canopy_extinction: float
    air_dry_suction: float
    start_suction: float
    pond_limit: float  # m of water that stands before it runs off; inf: none runs off
    bottom_head: float | None
    """Pressure head at the lowest node, m (a water table: 0); None: free drainage."""


def read_hydraulics(attributes: Mapping[str, Any], name: str, error: type[Exception]) -> Hydraulics:
    """From the attributes of a file ``name``. Raises ``error`` with one sentence."""

    def number(key: str) -> float | None:
        """The number of the attribute, else of the sentence; None where neither says it."""
        if key in attributes:
            try:
                return float(attributes[key])
            except (TypeError, ValueError):
                raise error(f"{name}: attribute {key} is {attributes[key]!r}; give a number") from None
        text, pattern = _SENTENCES.get(key, ("", ""))
        found = re.search(pattern, str(attributes.get(text, ""))) if text else None
        return float(found[1]) if found else None

    def otherwise(key: str) -> float:
        value = number(key)
        return _DEFAULTS[key] if value is None else value

    retention = {}
    for field, key in _RETENTION.items():
        value = number(key)
        if value is None:
            raise error(f"{name} has no attribute {key}; add it")
        if not _LEAST[field] <= value <= _MOST[field] or (field == "n" and value <= 1.0):
            raise error(f"{name}: attribute {key} is {value:g}; give a value from {_LEAST[field]:g} to {_MOST[field]:g}")
        retention[field] = value
    pore_factor = number("vg_l")
    if pore_factor not in (None, 0.5):
        raise error(f"{name}: attribute vg_l is {pore_factor:g}; only 0.5 (Mualem 1976) is known")
    return Hydraulics(
        **retention,
        root_scale=otherwise("root_scale_m"),
        root_depth=otherwise("root_depth_m"),
        field_suction=otherwise("field_suction_m"),
        wilting_suction=otherwise("wilting_suction_m"),
        evaporation_depth=otherwise("evaporation_depth_m"),
        canopy_extinction=otherwise("canopy_extinction"),
        air_dry_suction=otherwise("air_dry_suction_m"),
        start_suction=otherwise("start_suction_m"),
        pond_limit=_pond_limit(attributes, number("pond_limit_m"), name, error),
        bottom_head=_bottom_head(attributes, number("bottom_head_m"), name, error),
    )


def _pond_limit(attributes: Mapping[str, Any], given: float | None, name: str, error: type[Exception]) -> float:
    if given is not None:
        return given
    text = str(attributes.get("runoff", "none"))
    if text.strip().lower() != "none":
        raise error(f"{name}: attribute runoff is {text!r}; write 'none', or pond_limit_m as a number")
    return float("inf")


def _bottom_head(attributes: Mapping[str, Any], given: float | None, name: str, error: type[Exception]) -> float | None:
    if given is not None:
        return given
    text = str(attributes.get("bottom", "free drainage"))
    if not text.lower().startswith("free drainage"):
        raise error(f"{name}: attribute bottom is {text!r}; write 'free drainage', or bottom_head_m as a number")
    return None

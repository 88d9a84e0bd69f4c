"""How the report writes: numbers with their signs; and when a forecast counts as right.

What:    small pieces of text; ``proved_right`` is the one place that says what "proved right" means.
Units:   kg C m-2 in, g C m-2 out (``grams``).
Use:     ``grams(-0.0042) == "−4.2"``
"""

from __future__ import annotations

from typing import Any

import numpy as np

GOOD = (0.5, 2.0)  # a slope ratio within a factor of two counts as "the right size"
WEAK, STRONG = 0.3, 0.6  # rank correlations
NOTHING = 1e-4  # kg C m-2 in the mean: a ratio to less than that says nothing
DRIVEN = ("nitrogen", "drainage", "temperature")


def number(value: float, form: str, unit: str = "") -> str:
    """Formatted, or a dash where the value is not finite."""
    return f"{value:{form}}{unit}" if np.isfinite(value) else "–"


def ratio(value: float) -> str:
    """Two significant digits, never with an exponent."""
    return number(value, ",.0f" if abs(value) >= 10.0 else ".2g" if abs(value) >= 0.01 else ".2f").replace("-", "−")


def grams(kilograms: float) -> str:
    """g C m-2 with a sign, whole numbers where they are large, 0.0 without one."""
    grams = 1e3 * kilograms
    text = f"{grams:+,.0f}" if abs(grams) >= 100.0 else f"{grams:+.1f}"
    return text.replace("-", "−") if text not in ("+0.0", "-0.0") else "0.0"


def horizon(n: dict[str, Any]) -> str:
    years = n["about"]["years"]
    return f"{years} year{'s' if years > 1 else ''}"


def proved_right(v: dict[str, float]) -> bool:
    """Right size and better than predicting the mean."""
    return bool(GOOD[0] <= v["ratio"] <= GOOD[1] and v["skill"] > 0.0)


def has_change(v: dict[str, float]) -> bool:
    """Does the question change anything? Where all carbonate is gone a forecast of no change is no test."""
    return bool(np.isfinite(v["ratio"]) and abs(v["simulated"]) >= NOTHING)


def asked_of_maps(verdicts: dict[str, Any]) -> list[tuple[str, str, dict[str, float]]]:
    """(landscape, driver, verdict) of every forecast of a driver that changes anything; pH is no driver."""
    return [(arm, q, verdicts[arm][q]) for arm in verdicts for q in DRIVEN if has_change(verdicts[arm][q])]

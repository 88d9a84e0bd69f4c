"""Fluxes of a run that wrote states alone: what the ends of the column let through, as far as two neighbouring outputs tell.

What:    rain as water times the composition of the top boundary; leaching as water times the mean of the last layer's
         concentrations at both ends of an interval; CO2 as what the carbon leaves over. Water from ``.mvc``, else from ``.vel``.
Units:   mol m-2 and m per interval. Shapes [time].
Limits:  the spacing of the outputs decides how good this is: the open share of each budget says so and is not refused below
         ``SNAPSHOT_LIMIT``. Carbon closes by construction.
Use:     ``rain = rain_concentrations(setup)``; ``entering, leaving = by_water(out, water_in, water_out, "no3-1", rain)``
"""

from __future__ import annotations

import numpy as np

from .outputs import OutputError, Outputs, fast_table
from .setup import Setup

SNAPSHOT_LIMIT = 0.25
"""Open share of a budget up to which a run of states alone is taken."""
ION_CHARGE = {
    "ca+2": 2, "mg+2": 2, "k+1": 1, "na+1": 1, "nh4+1": 1, "no3-1": -1, "cl-1": -1, "so4-2": -2, "al+3": 3,
}  # fmt: skip


def rain_concentrations(setup: Setup) -> dict[str, float]:
    """mol/L of each component of the top boundary; the one that balances the charge by the others and the pH."""
    found = {c: value for c, (value, kind) in setup.rain.items() if kind == "free" and c in ION_CHARGE}
    balance = next((c for c, (_, kind) in setup.rain.items() if kind == "charge" and c in ION_CHARGE), None)
    ph = next((value for value, kind in setup.rain.values() if kind == "ph"), 7.0)
    if balance is not None:
        charge = sum(ION_CHARGE[c] * v for c, v in found.items()) + 10.0**-ph
        found[balance] = max(-charge / ION_CHARGE[balance], 0.0)
    return found


def velocity_at_bottom(out: Outputs) -> np.ndarray:
    """Water through the lowest face that was written [time], m per interval, down > 0. Raises OutputError where there is none."""
    numbers = out.files.outputs("vel")
    if len(numbers) < len(out.times) - 1:
        raise OutputError("neither .mvc nor .vel was written: the water that leaves is unknown")
    rates = []
    for i in out.numbers:
        names, rows = fast_table(out.files.path("vel", i if i in numbers else numbers[0]))
        lowest = int(np.argmin(rows[:, names.index("z")]))
        rates.append(-rows[lowest, names.index("vz")])
    rate = np.array(rates)
    mean = 0.5 * (rate + np.concatenate([rate[:1], rate[:-1]]))
    return mean * np.diff(out.times, prepend=out.times[0])


def by_water(
    out: Outputs, entering: np.ndarray, leaving: np.ndarray, component: str, rain: dict[str, float]
) -> tuple[np.ndarray, np.ndarray]:
    """What enters and leaves of a component with water [time], mol m-2 per interval."""
    last = out.profile("gst", component)[:, -1]
    mean = 0.5 * (last + np.concatenate([last[:1], last[:-1]]))
    return entering * rain.get(component, 0.0) * 1e3, leaving * mean * 1e3

"""What the values of a variable mean over a step: a mean rate, an amount of the step, or something no step can use.

What:    ``conversion_of`` gives the conversion of a variable to the contract's unit, having looked at ``cell_methods``.
Source:  CF conventions 1.11, 7.3. Amounts (mm, kg m-2, m of ERA5) are divided by the length of their step where the file says
         ``time: sum``; without it nobody can tell an amount of the hour (ERA5) from one since midnight (ERA5-Land) or a monthly
         mean of amounts a day, so that such a file is refused.
Use:     ``conversion_of(dataset, "mrro", variable, "time")(values, step=dt)``
"""

from __future__ import annotations

import re

import xarray as xr

from ...emulator.contract.variables import Variable
from ..units import Conversion, UnitError, conversion
from .cell_methods import A_STEP, time_method
from .fault import ForcingError
from .names import substance, target

REFUSED = ("maximum", "minimum", "range", "variance", "standard_deviation", "mode", "median", "mid_range", "root_mean_square")

DOWNWARD = ("q_bot", "q_if")  # fluxes through an interface

# CDO and NCO leave "time: sum" where they average sums over a longer step
AVERAGED = re.compile(r"\b(?:(?:hour|day|mon|seas|year|tim|run|ydrun|timsel)(?:mean|avg)|ncra)\b")


def _upward(variable: xr.DataArray) -> bool:
    return bool(re.search(r"(?:^|_)upward_", str(variable.attrs.get("standard_name", ""))))


def conversion_of(
    dataset: xr.Dataset, name: str, v: Variable, time: str, share: bool = False, counts: str | None = None
) -> Conversion:
    """How ``name`` becomes input ``v`` (or a share from 0 to 1); ``counts``: what it is of, where v does not say so.

    Raises UnitError and ForcingError.
    """
    variable = dataset[name]
    units = str(variable.attrs.get("units", "")).strip()
    if share:
        return conversion(units or "1", "1", "")
    method = time_method(variable, time)
    if units.endswith(A_STEP):
        units, method = units.removesuffix(A_STEP), "sum"
    if method in REFUSED:
        raise ForcingError(f"{v.name}: {name} is the {method.replace('_', ' ')} of each step; give the mean, or the amount")
    if v.name in DOWNWARD and (str(variable.attrs.get("positive", "")).lower() == "up" or _upward(variable)):
        raise ForcingError(
            f"{v.name}: {name} counts upward by its attributes, {v.name} counts downward; change its sign, and write "
            'positive = "down"'
        )
    wanted, counts = target(v), substance(v) if counts is None else counts
    rate = v.role == "forcing" and wanted.endswith("s-1")
    if not rate and method == "sum":
        raise ForcingError(f"{v.name}: {name} is summed over time, which {v.long_name} cannot be; give its mean or last value")
    if not units:
        return conversion(wanted, wanted, counts)
    try:
        found = conversion(units, wanted, counts)
    except UnitError:
        if not rate:
            raise
        found = conversion(units, wanted, counts, True)  # an amount
        averaged = AVERAGED.search(str(dataset.attrs.get("history", "")))
        if found.per == "step" and method == "sum" and averaged:
            raise ForcingError(
                f"{v.name}: {name} says time: sum, but the file's history says {averaged[0]}, which leaves the cell_methods of "
                f"what it averages: amounts of the longer step, or of the shorter? give {wanted}, or sums of its own steps"
            ) from None
        if found.per != "step" or method != "sum":
            raise ForcingError(
                f"{v.name}: {name} is in {units!r}, an amount, where a rate is wanted, and the file does not say over which "
                'time; write cell_methods = "time: sum" where each value is the amount of its own step (sums since '
                f"midnight must be differenced first), or give {wanted}"
            ) from None
    else:
        if rate and method == "sum" and found.per != "month":
            raise ForcingError(f"{v.name}: {name} is a rate ({units}) and summed over time; correct its units or cell_methods")
    return found

"""Values that are not there: declared, outside a declared range, or marked by a code nobody declared.

What:    ``decode`` unpacks an array of a file and puts NaN where CF says that nothing is; ``coded`` finds codes that were not
         declared. Both look at the file's own numbers, before any conversion of units: -999 mm/day is no longer -999 after it.
Source:  CF conventions 1.11, 2.5.1 and 8.1; netCDF user guide, appendix A (valid_range, _Unsigned, default fill values).
         The codes are those seen in station files, reanalyses and output of land models.
Use:     ``values = decode(raw, variable.attrs)``; ``coded(values)`` -> boolean array
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import netCDF4
import numpy as np

CODES = (
    -99.0, -999.0, -9999.0, -99999.0, -999999.0, -99.9, -999.9, -9999.9, -99.99, -999.99, -9999.99, 9999.0, 99999.0, 999999.0,
    9999.9, 32767.0, -32767.0, -32768.0, -2147483648.0, -2147483647.0, 2147483647.0,
)  # fmt: skip
HUGE = 1e15  # 1e15, 1e20, 1e30, 1e36, 9.97e36: no quantity of a soil is that large in any unit
RELATIVE = 1e-6  # a code may have been through float32 or a scale factor
PACKING = ("scale_factor", "add_offset", "_Unsigned", "_FillValue", "missing_value", "valid_min", "valid_max", "valid_range")


def _numbers(value: Any) -> np.ndarray:
    """An attribute as numbers; text that is none counts as absent."""
    try:
        return np.atleast_1d(np.asarray(value)).astype(np.float64).ravel()
    except (TypeError, ValueError):
        return np.empty(0)


def _scalar(attributes: Mapping[Any, Any], name: str, default: float) -> float:
    found = _numbers(attributes.get(name, default))
    return float(found[0]) if found.size else default


def _equal(values: np.ndarray, code: float, dtype: np.dtype) -> np.ndarray:
    """Where values are ``code``, written in any float type."""
    if np.isnan(code):
        return np.isnan(values)
    if dtype.kind == "f":
        same = np.asarray(values == code)
        with np.errstate(over="ignore"):
            return same | (values.astype(np.float32) == np.float32(code)) & np.isclose(values, code, rtol=RELATIVE, atol=0)
    return np.asarray(values == code)


def _signed(raw: np.ndarray, attributes: Mapping[Any, Any]) -> np.ndarray:
    """The integers as the file means them: netCDF classic has no unsigned type and says so in an attribute."""
    said = str(attributes.get("_Unsigned", "")).lower()
    if raw.dtype.kind == "i" and said == "true":
        return raw.view(np.dtype(f"u{raw.dtype.itemsize}").newbyteorder(raw.dtype.byteorder))
    if raw.dtype.kind == "u" and said == "false":
        return raw.view(np.dtype(f"i{raw.dtype.itemsize}").newbyteorder(raw.dtype.byteorder))
    return raw


def _same_sign(code: float, numbers: np.ndarray) -> float:
    """-1 of a signed fill attribute is 255 of unsigned data."""
    if numbers.dtype.kind == "u" and code < 0:
        return code + 2.0 ** (8 * numbers.dtype.itemsize)
    return code


def _valid_range(attributes: Mapping[Any, Any]) -> tuple[float, float]:
    low, high = _scalar(attributes, "valid_min", -np.inf), _scalar(attributes, "valid_max", np.inf)
    both = _numbers(attributes.get("valid_range", ()))
    if both.size == 2:
        low, high = max(low, float(both[0])), min(high, float(both[1]))
    return low, high


def _in_data_units(attributes: Mapping[Any, Any], dtype: np.dtype) -> bool:
    """Whether a valid range is in unpacked units: its type differs from that of the packed data (netCDF user guide)."""
    said = next((attributes[k] for k in ("valid_range", "valid_min", "valid_max") if k in attributes), None)
    return said is not None and dtype.kind in "iu" and np.asarray(said).dtype.kind == "f"


def decode(raw: np.ndarray, attributes: Mapping[Any, Any]) -> np.ndarray:
    """Values as float64, unpacked, NaN where they are missing. Raises TypeError for letters."""
    raw = np.asarray(raw)
    if raw.dtype.kind not in "fiub":
        raise TypeError(f"values of the type {raw.dtype.name}")
    numbers = _signed(raw, attributes)
    scale, offset = _scalar(attributes, "scale_factor", 1.0), _scalar(attributes, "add_offset", 0.0)
    packed = (scale, offset) != (1.0, 0.0)
    plain = numbers.astype(np.float64)
    values = plain * scale + offset if packed else plain
    gone = np.zeros(plain.shape, bool)
    declared = [float(code) for name in ("_FillValue", "missing_value") for code in _numbers(attributes.get(name, ()))]
    for code in declared:
        gone |= _equal(plain, _same_sign(code, numbers), numbers.dtype)
        if packed and numbers.dtype.kind in "iu":  # written in the units of the data, by mistake
            gone |= np.isclose(values, code, rtol=RELATIVE, atol=0)
    if not declared and packed and numbers.dtype.kind in "iu" and numbers.dtype.itemsize > 1:
        info = np.iinfo(numbers.dtype)  # never written, or the usual marks of packed data
        gone |= (plain == info.min) | (plain == info.max) | (plain == netCDF4.default_fillvals[numbers.dtype.str[1:]])
    low, high = _valid_range(attributes)
    if (low, high) != (-np.inf, np.inf):
        looked_at = values if _in_data_units(attributes, numbers.dtype) else plain
        spare = RELATIVE * max((abs(x) for x in (low, high) if np.isfinite(x)), default=0.0) if numbers.dtype.kind == "f" else 0.0
        with np.errstate(invalid="ignore"):
            gone |= (looked_at < low - spare) | (looked_at > high + spare)
    return np.where(gone, np.nan, values) if gone.any() else values


def coded(values: np.ndarray, attributes: Mapping[Any, Any] | None = None) -> np.ndarray:
    """Where values are a code for missing data that the file did not declare.

    A code inside a valid range that the file declares is a value.
    """
    low, high = _valid_range(attributes or {})
    with np.errstate(invalid="ignore"):
        found = (np.abs(values) >= HUGE) & np.isfinite(values)
        for code in CODES:
            if not (np.isfinite(low) and np.isfinite(high) and low <= code <= high):
                found |= np.abs(values - code) <= RELATIVE * abs(code)
    return found

"""NetCDF files of the user: opened lazily, as they are (``open_parts``) or decoded as one dataset (``open_files``).

What:    a path, or a pattern with * for several files that follow each other in time.
Source:  xarray opens; values are decoded by missing.py, because xarray passes over valid_range and over a missing_value of
         another float type, and times by time_axis.py.
Use:     ``with open_files(Path("tas_*.nc")) as dataset``; ``parts = open_parts(path)`` for a forcing file
"""

from __future__ import annotations

import resource
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from .axes import bounds_names, coordinate, depth_coordinates
from .beside import beside
from .fault import ForcingError
from .file_names import files_of
from .joined import align, join
from .missing import PACKING, decode
from .wrf import as_cf

BLOCK_BYTES = 64e6  # steps of one variable are read together up to this size: memory stays bounded, files are unpacked once


def decoded(variable: xr.DataArray) -> xr.DataArray:
    """A variable unpacked, NaN where values are missing; lazily, in the pieces of its file."""
    if variable.dtype.kind not in "fiu" or not set(PACKING) & set(variable.attrs):
        return variable
    attributes = dict(variable.attrs)
    made = xr.apply_ufunc(
        lambda raw: decode(raw, attributes), variable, dask="parallelized", output_dtypes=[np.float64], keep_attrs=True
    )
    made.attrs = {k: v for k, v in attributes.items() if k not in PACKING}  # or they would be unpacked twice
    made.encoding = {**variable.encoding, **{k: v for k, v in attributes.items() if k in PACKING}}
    return made


def _keep_open(count: int) -> None:
    """Let that many files stay open beside those that are: every look at one that was closed opens it again.

    xarray keeps 128; the system allows a process some more, of which half are left to others.
    """
    kept, allowed = int(xr.get_options()["file_cache_maxsize"]), resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    wanted = min(kept + count, allowed // 2 if allowed > 0 else kept + count)
    if count > 1 and wanted > kept:
        xr.set_options(file_cache_maxsize=wanted)


def _places(data: xr.Dataset) -> list[str]:
    """Coordinates of places and depths."""
    found = (coordinate(data, "latitude"), coordinate(data, "longitude"))
    return [str(n) for n in (*(a.name for a in found if a is not None), *depth_coordinates(data))]


def _open(file: str, places: Sequence[str] = ()) -> xr.Dataset:
    """One file, values as they are stored; only coordinates of places and depths are decoded.

    ``places``: their names in another file of the same series, which saves looking for them.
    """
    try:
        data = xr.open_dataset(file, decode_times=False, decode_timedelta=False, mask_and_scale=False)
    except (OSError, ValueError, RuntimeError) as error:
        if isinstance(error, PermissionError):
            raise
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        text = "no netCDF at all" if "engine" in text else text  # xarray lists the packages it could ask
        raise ForcingError(f"{file} is no NetCDF file that can be read ({text}); write it again") from None
    stored, data = data, as_cf(data, Path(file).name)
    here = places if places and all(n in data.variables for n in places) else _places(data)
    packed = [n for n in dict.fromkeys((*here, *bounds_names(data))) if set(PACKING) & set(data.variables[n].attrs)]
    made = {n: decoded(data[n]) for n in packed if "since" not in str(data.variables[n].attrs.get("units", ""))}
    data = data.assign(made) if made else data
    if data is not stored:
        data.set_close(stored.close)
    return data


def _close(parts: list[xr.Dataset]) -> None:
    for part in parts:
        part.close()


def open_parts(path: Path, more: Sequence[Path] = ()) -> list[xr.Dataset]:
    """The files of a path or pattern in order of time, as stored, places and layers in the order of the first.

    ``more``: paths or patterns of files with other variables, of the same steps or of none. Raises ForcingError.
    """
    parts = _along_time(path)
    for other in more:
        parts = _with(parts, _along_time(other), (path.name, other.name))
    return parts


def _with(parts: list[xr.Dataset], others: list[xr.Dataset], names: tuple[str, str]) -> list[xr.Dataset]:
    """The variables of other files beside those of ``parts``, which must be cut alike. Raises ForcingError."""
    try:
        if len(others) not in (1, len(parts)):
            raise ValueError(f"{names[0]} is cut into {len(parts)} files along time, {names[1]} into {len(others)}")
        made = [beside(part, others[i if len(others) > 1 else 0], names, parts) for i, part in enumerate(parts)]
    except ValueError as error:
        _close([*parts, *others])
        raise ForcingError(
            f"{names[1]} cannot be put beside {names[0]} ({error}); give files of the same places and steps"
        ) from None
    made[0].set_close(lambda: _close([*parts, *others]))
    return made


def _along_time(path: Path) -> list[xr.Dataset]:
    """The files of one path or pattern, in order of time."""
    files = files_of(path)
    _keep_open(len(files))
    parts: list[xr.Dataset] = []
    places: list[str] = []  # of the first: files of a series are laid out alike, or refused by align
    try:
        for file in files:
            parts.append(_open(file, places))
            places = places or _places(parts[0])
        if len(parts) == 1:
            return parts
        made = align(parts, [Path(f).name for f in files])
        made[0] = made[0].copy()  # closing it closes all
        made[0].set_close(lambda: _close(parts))
        return made
    except ValueError as error:
        for part in parts:
            part.close()
        raise ForcingError(f"the {len(files)} files of {path} cannot be joined ({error}); write them alike") from None


def steps_of(parts: list[xr.Dataset], time: str, steps: slice) -> list[tuple[xr.Dataset, slice]]:
    """The files that hold some steps, and which of their own."""
    found, at = [], 0
    for part in parts:
        begin, end = max(steps.start - at, 0), min(steps.stop - at, part.sizes[time])
        if begin < end:
            found.append((part, slice(begin, end)))
        at += part.sizes[time]
    return found


def _in_pieces(data: xr.Dataset) -> xr.Dataset:
    """Lazily, in pieces of BLOCK_BYTES along the first dimension: a series of decades never lies in memory whole."""
    made = {}
    for name, v in data.variables.items():
        if v.size and v.ndim and name not in data.coords:
            row = 8 * max(1, v.size // v.shape[0])
            made[name] = data[name].chunk({v.dims[0]: max(1, int(BLOCK_BYTES / row))})
    return data.assign(made)


def open_files(path: Path) -> xr.Dataset:
    """A file, or several as one along time, decoded lazily; times stay numbers. Raises ForcingError."""
    parts = open_parts(path)
    whole = [_in_pieces(part).map(decoded, keep_attrs=True) for part in parts]
    made = whole[0] if len(whole) == 1 else join(whole)
    made.set_close(lambda: _close(parts))
    return made

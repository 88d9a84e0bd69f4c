"""The files that a path of a configuration names: one, or those that a pattern fits.

What:    ``files_of``; what is in them is no matter here, so a run that only asks when they changed loads no reader.
Use:     ``files_of(Path("tas_*.nc"))``
"""

from __future__ import annotations

import glob
from pathlib import Path

from .fault import ForcingError


def files_of(path: Path) -> list[str]:
    """The files a path or pattern names. Raises ForcingError where there are none."""
    files = sorted(glob.glob(str(path))) if "*" in str(path) else [str(path)]
    if not files or not Path(files[0]).is_file():
        if path.is_dir():
            raise ForcingError(f'{path} is a folder; name one file, or several by a pattern, e.g. "{path}/year_*.nc"')
        raise ForcingError(f"{path} does not exist; give the path of a NetCDF file")
    return files

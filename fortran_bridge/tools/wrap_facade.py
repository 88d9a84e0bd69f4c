"""Run f90wrap in a folder of its own, always with a kind map: without one real(8) comes back as float32.

Use:     ``python wrap_facade.py F90WRAP KIND_MAP SOURCE OUTPUT_FOLDER``; writes f90wrap_calcisol_host.f90 and fhost.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def main(argv: list[str]) -> None:
    """Wrap one source file."""
    f90wrap, kind_map, source = argv[1], Path(argv[2]).resolve(), Path(argv[3])
    shutil.copy(source, argv[4])  # f90wrap writes the path it was given into what is installed
    command = [f90wrap, "-k", str(kind_map), "-m", "fhost", "--f90-mod-name", "calcisol.coupler._fhost", source.name]
    done = subprocess.run(command, cwd=argv[4], capture_output=True, text=True, check=False)
    missing = [name for name in ("f90wrap_calcisol_host.f90", "fhost.py") if not (Path(argv[4]) / name).is_file()]
    if done.returncode or missing:
        sys.exit(f"f90wrap failed, {missing} not written:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main(sys.argv)

"""The sources a land model compiles to call calcisol, in the order its compiler needs them.

What:    the Fortran module, the code all adapters share and one host's adapter (Fortran); adapter and its soil (C, LPJmL).
Use:     ``cp $(calcisol hosts sources orchidee) DIR``; ``host_sources("noahmp")``
"""

from __future__ import annotations

from pathlib import Path

from ..library.install import fortran_source_dir, fortran_sources
from .maps import HostError

SHARED = ("fit", "expect", "balance", "switch", "exchange", "stepper", "pieces", "names", "water", "record", "land")
OWN = {
    "orchidee": ("merge", "nodes", "tiles", "orchidee_map", "orchidee_files", "orchidee_columns", "orchidee_look", "orchidee"),
    "noahmp": ("noahmp_files", "noahmp_restart", "noahmp"),
    "ctsm": ("ctsm_files", "ctsm_water", "ctsm"),
    "jules": (),  # no sources of its own: an adapter for this host starts from the shared ones
}
STANDS = ("calcisol_lpjml_stands.h", "calcisol_lpjml_stands.c")
IN_C = {
    "lpjml": ("calcisol_soil.h", "calcisol_soil.c", "calcisol_soil_budget.c", *STANDS, "calcisol_lpjml.h", "calcisol_lpjml.c")
}


def host_sources(name: str) -> list[Path]:
    """Paths of the installed sources of a host.

    Raises:  HostError for a host without sources.
    """
    folder = fortran_source_dir() / "hosts"
    if name in IN_C:
        return [folder / file for file in IN_C[name]]
    if name not in OWN:
        raise HostError(f"there are no sources for the host {name!r}; known are {', '.join(sorted([*OWN, *IN_C]))}")
    return [*fortran_sources(), *(folder / f"calcisol_{part}.f90" for part in (*SHARED, *OWN[name]))]

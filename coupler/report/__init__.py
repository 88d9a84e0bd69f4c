"""What a run leaves: NetCDF, summary, maps, the page, the interval."""

from ...emulator.contract.old_names import from_module

__getattr__ = from_module(__name__, "html")

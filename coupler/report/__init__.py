"""What a run writes: NetCDF, summary, maps, the HTML page, the uncertainty interval."""

from ...emulator.contract.old_names import from_module

__getattr__ = from_module(__name__, "html")

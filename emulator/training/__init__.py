"""Learning files, rollouts, fitting, export: from simulations to a bundle."""

from ..contract.old_names import from_module

__getattr__ = from_module(__name__, "curriculum")

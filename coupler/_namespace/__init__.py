"""calcisol: soil pH and carbonate chemistry for land-surface models.

What:    the names a script needs; importing this package does not import torch.
Shapes:  numpy arrays are (column, soil_layer), layer 1 at the surface; SI units.
Use:     ``with calcisol.Model() as model: columns = model.columns({...}); out = columns.step(1800.0, {...})``
"""

from __future__ import annotations

from importlib.metadata import version as _version

from .coupler.errors import CalcisolError
from .coupler.library.columns import Columns
from .coupler.library.model import Model
from .coupler.library.pieces import pieces_of
from .emulator.contract.old_names import install as _serve_old_names

_serve_old_names("calcisol")
__version__ = _version("calcisol")
__all__ = ["CalcisolError", "Columns", "Model", "__version__", "pieces_of"]

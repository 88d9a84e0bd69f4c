"""Steps that read and write the same arrays each time: what they are and where they lie is looked at once.

What:    ``PreparedStep`` holds arrays for the forcing and the outputs of some columns: ``put`` the forcing of those that step,
         call, ``take`` their outputs. The others have active = 0: neither their forcing is read nor an output of them written.
         ``StateReader`` reads the same slots of the state again and again.
Shapes:  (column, soil_layer) and (column,), float64; units: emulator/contract/variables.toml.
Source:  fortran_bridge/include/calcisol.h; the same calls as those of ``Columns``.
Use:     ``step = PreparedStep(columns, {"w_liq": (n, m), ...}, ("ph",)); step.put(forcing, some); step(1800.0); step.take(some)``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import capi
from .arrays import set_view
from .columns import Columns, check_names, table, variables_of

Arrays = dict[str, NDArray[Any]]
FEW = 256  # columns, for which an operation more costs more than another copy


class _Blocks:
    """Arrays by name, those of one shape in one piece: what holds for a few columns of all of them is one operation."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.by_name: Arrays = {}
        self.pieces: list[tuple[tuple[str, ...], NDArray[np.float64]]] = []
        for shape in dict.fromkeys(shapes.values()):
            names = tuple(name for name, own in shapes.items() if own == shape)
            piece = np.zeros((len(names), *shape))
            self.pieces.append((names, piece))
            self.by_name.update(zip(names, piece, strict=True))


class PreparedStep:
    """``forcing`` and ``out`` are the arrays, by name; ``active`` (column,) says who steps; ``out["flag"]`` is int32."""

    def __init__(self, columns: Columns, forcing: Mapping[str, tuple[int, ...]], outputs: Iterable[str]) -> None:
        """``forcing``: shape of each variable but active. Raises ArgumentError for a name that is none."""
        _, ffi = capi.library()
        self.columns = columns
        wanted = dict.fromkeys(outputs)
        check_names(forcing, "forcing")
        check_names(wanted, "output")
        self._given = _Blocks(forcing)
        self.forcing = self._given.by_name
        self.active = np.ones(columns.ncol)
        self._stepping: NDArray[np.int64] | None = None  # columns of ``active``
        rows = variables_of("forcing")
        self._views = ffi.new("calcisol_view[]", len(rows))
        for i, variable in enumerate(rows):
            if variable.name in self.forcing or variable.name == "active":
                set_view(self._views[i], self.forcing.get(variable.name, self.active), ffi)
        rows = variables_of("output")
        self._targets = ffi.new("calcisol_target[]", len(rows))
        self._made = _Blocks({v.name: columns.shape_of(v.dims) for v in rows if v.name in wanted})
        self.out: Arrays = {name: self._made.by_name[name] for name in wanted}
        for i, variable in enumerate(rows):
            if variable.name in wanted:
                set_view(self._targets[i], self.out[variable.name], ffi)
        self.out["flag"] = np.zeros((columns.ncol, columns.nlay), dtype=np.int32)
        self._flag = ffi.new("calcisol_target *")
        set_view(self._flag, self.out["flag"], ffi)

    def put(self, values: Mapping[str, NDArray[Any]], some: NDArray[np.int64] | None = None) -> None:
        """Forcing of the columns at ``some``, or of all, which are those that step; what ``values`` lacks stays as it is."""
        if some is not self._stepping:
            self.active[:] = 0.0
            self.active[slice(None) if some is None else some] = 1.0
            self._stepping = some
        few = some is not None and len(some) < FEW
        for names, piece in self._given.pieces:
            if few and all(name in values for name in names):
                piece[:, some] = np.array([values[name] for name in names])
                continue
            for name in (n for n in names if n in values):
                self.forcing[name][slice(None) if some is None else some] = values[name]

    def take(self, some: NDArray[np.int64] | None = None) -> Arrays:
        """Outputs of the columns at ``some``; of all these are the arrays that the next step writes to."""
        if some is None:
            return dict(self.out)
        found: Arrays = {"flag": self.out["flag"][some]}
        for names, piece in self._made.pieces:
            found.update(zip(names, piece[:, some], strict=True))
        return found

    def __call__(self, dt: float) -> None:
        """One step of ``dt`` seconds. Raises ArgumentError, MissingError, StateError, ModelError."""
        self.columns.call_step(dt, self._views, self._targets, self._flag)


class StateReader:
    """Slots of the state of some columns, read into arrays that stay."""

    def __init__(self, columns: Columns, names: Iterable[str]) -> None:
        """``names`` of the slots. Raises ArgumentError for one that is none."""
        _, ffi = capi.library()
        self.columns, self.names = columns, tuple(names)
        check_names(dict.fromkeys(self.names), "state")
        # layers first: the library holds them so, and a copy of whole rows takes a fifth of the time
        self._rows = np.zeros((len(self.names), columns.state_layers, columns.ncol))
        self._targets = []
        for name, rows in zip(self.names, self._rows, strict=True):
            target = ffi.new("calcisol_target *")
            set_view(target, rows.T, ffi)
            self._targets.append((table().names("state").index(name), target))

    def read(self, some: NDArray[np.int64] | None = None) -> list[NDArray[np.float64]]:
        """The slots as they are now, each (column, state layer), of the columns at ``some`` or of all."""
        lib, _ = capi.library()
        for slot, target in self._targets:
            capi.check(lib.calcisol_state_get(self.columns.handle, slot, target))
        found = self._rows if some is None else self._rows[:, :, some]
        return [np.ascontiguousarray(rows.T) for rows in found]

"""Soil columns from Python: numpy arrays in, numpy arrays out, one call per time step.

What:    ``Columns``, the static soil and the state of ncol columns of nlay layers, which may be split inside into thin pieces.
Shapes:  (column, soil_layer) for layer variables, (column,) for column variables; any strides, float32 or float64 without a
         copy; scalars and (soil_layer,) are broadcast. Units: emulator/contract/variables.toml.
Source:  fortran_bridge/include/calcisol.h.
Use:     ``columns = model.columns({"dz": dz}); out = columns.step(1800.0, {"w_liq": w, "t_soil": t, "q_bot": q}); out["ph"]``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...emulator.contract.variables import Table, Variable, load_table
from ..errors import ArgumentError
from . import capi
from .arrays import as_array, broadcast, set_view, soil_arrays
from .open_bundle import OpenBundle
from .pieces import by_piece, checked_pieces

Floats = NDArray[np.float64]


@cache
def table() -> Table:
    """The variable table of this version."""
    return load_table()


@cache
def variables_of(role: str) -> tuple[Variable, ...]:
    """Variables of a role in the order of the interface."""
    return tuple(table().select(role))


@cache
def _names(role: str) -> dict[str, int]:
    """Their names, with the place of each."""
    return {name: place for place, name in enumerate(table().names(role))}


def check_names(given: Mapping[str, Any], role: str) -> None:
    """Raise ArgumentError for a name that is no variable of the role."""
    known = _names(role)
    for name in given:
        if name not in known:
            raise ArgumentError(f"{name!r} is no {role} variable; known are {', '.join(known)}")


@cache
def _counts() -> tuple[str, ...]:
    """What a report counts."""
    return tuple(name for name, _ in capi.library()[1].typeof("calcisol_report").fields if name != "struct_size")


class Columns:
    """Static soil and float64 state of ncol columns.

    ``properties``: static variables by name, (column, soil_layer), (soil_layer,) or scalar; ``dz`` is required, a missing
    one takes its default. ``ncol`` and ``nlay`` are needed only where no array shows them.
    ``pieces``: how many pieces each layer is split into inside, 1 = as it is (``pieces_of`` proposes them); then ``state_layers``
    is their sum, and ``pieces`` they themselves. Forcing and outputs are still of the layers ("Thick layers" in calcisol.h); a
    property may be given by piece, (column, state layer), or by layer: its pieces then are alike, and of equal thickness.
    Raises ArgumentError (unknown name, wrong shape or type, pieces that cannot be), MissingError.
    ``report`` holds the counts of the last step, ``note`` one sentence on its first bad or clipped value ("" if none).
    """

    def __init__(
        self,
        model: OpenBundle,
        properties: Mapping[str, ArrayLike],
        *,
        ncol: int | None,
        nlay: int | None,
        pieces: Sequence[int] | None = None,
    ) -> None:
        lib, ffi = capi.library()
        check_names(properties, "static")
        split, of_pieces = None, False
        if pieces is not None:
            split = checked_pieces(pieces, nlay)
            properties, of_pieces = by_piece(properties, split)
            nlay = sum(split) if of_pieces else len(split)
        arrays, shape = soil_arrays(properties, ncol, nlay)
        self.pieces = split = split or [1] * shape[1]
        self.ncol, self.nlay, self.state_layers = shape[0], len(split), sum(split)
        names = table().names("static")
        views = ffi.new("calcisol_view[]", len(names))
        kept = {name: broadcast(name, array, shape) for name, array in arrays.items()}  # alive during the call
        for name, array in kept.items():
            set_view(views[names.index(name)], array, ffi)
        report = self._new_report()
        handle = ffi.new("calcisol_columns **")
        numbers = ffi.new("int32_t[]", split)
        how = ffi.new("calcisol_split *", {"pieces": numbers, "soil_by_piece": of_pieces})
        capi.check(lib.calcisol_columns_create_split(model.handle, self.ncol, self.nlay, how, views, len(names), report, handle))
        self._keep_report(report)
        self._log = model.log_callback  # called by these columns too, which may outlive the model
        self._handle = ffi.gc(handle, lib.calcisol_columns_free)

    def step(self, dt: float, forcing: Mapping[str, ArrayLike], outputs: Iterable[str] | None = None) -> dict[str, NDArray[Any]]:
        """One time step of ``dt`` seconds (60 to 2678400).

        ``forcing``: by name, (column, soil_layer), (soil_layer,) or scalar for layer variables, (column,) or scalar for
        column variables. Returns the outputs (all, or those named) as float64, and "flag" (column, soil_layer) int32.
        Columns with active = 0 give NaN and flag 0. Raises ArgumentError, MissingError, StateError, ModelError.
        """
        _, ffi = capi.library()
        check_names(forcing, "forcing")
        if isinstance(outputs, str):  # a string would be iterated letter by letter
            raise ArgumentError(f"outputs = {outputs!r} must be a list of names, e.g. [{outputs!r}]")
        wanted = dict.fromkeys(_names("output") if outputs is None else outputs)
        check_names(wanted, "output")
        rows = variables_of("forcing")
        views = ffi.new("calcisol_view[]", len(rows))
        kept = []
        for i, variable in enumerate(rows):
            if variable.name in forcing:
                array = broadcast(variable.name, as_array(variable.name, forcing[variable.name]), self.shape_of(variable.dims))
                kept.append(array)
                set_view(views[i], array, ffi)
        rows = variables_of("output")
        targets = ffi.new("calcisol_target[]", len(rows))
        result = self._empty([v for v in rows if v.name in wanted])
        for i, variable in enumerate(rows):
            if variable.name in wanted:
                set_view(targets[i], result[variable.name], ffi)
        result["flag"] = np.zeros((self.ncol, self.nlay), dtype=np.int32)
        flag = ffi.new("calcisol_target *")
        set_view(flag, result["flag"], ffi)
        self.call_step(dt, views, targets, flag)
        return result

    def call_step(self, dt: float, views: Any, targets: Any, flag: Any) -> None:
        """One step with the views and targets of the C interface; keeps its report."""
        lib, _ = capi.library()
        report = self._new_report()
        capi.check(lib.calcisol_step(self.handle, float(dt), views, len(views), targets, len(targets), flag, report))
        self._keep_report(report)

    def state(self, names: Iterable[str] | None = None) -> dict[str, Floats]:
        """State slots, all or those named, (column, state layer) float64, bit for bit; -9999 in columns that have no state yet.

        Raises ArgumentError for an unknown name.
        """
        lib, ffi = capi.library()
        wanted = _names("state") if names is None else dict.fromkeys(names)
        check_names(wanted, "state")
        result = {}
        for name in wanted:
            slot = _names("state")[name]
            result[name] = np.empty((self.ncol, self.state_layers))
            target = ffi.new("calcisol_target *")
            set_view(target, result[name], ffi)
            capi.check(lib.calcisol_state_get(self.handle, slot, target))
        return result

    def set_state(self, state: Mapping[str, ArrayLike]) -> None:
        """Set slots by name, (column, state layer) float64; -9999 or NaN means: this column has no state.

        Raises ArgumentError for an unknown name or wrong shape. A column given only some of its slots fails in ``step``.
        """
        self._set_state(state, capi.library()[0].calcisol_state_set, self.state_layers)

    def spread_state(self, state: Mapping[str, ArrayLike]) -> None:
        """The same from values of the layers (column, soil_layer): amounts by thickness of the pieces, the rest repeated.

        Of columns that are not split it is ``set_state``.
        """
        self._set_state(state, capi.library()[0].calcisol_state_spread, self.nlay)

    def _set_state(self, state: Mapping[str, ArrayLike], entry: Any, layers: int) -> None:
        _, ffi = capi.library()
        check_names(state, "state")
        names = table().names("state")
        arrays = {n: broadcast(n, as_array(n, v).astype(np.float64), (self.ncol, layers)) for n, v in state.items()}
        for name, array in arrays.items():
            view = ffi.new("calcisol_view *")
            set_view(view, array, ffi)
            capi.check(entry(self.handle, names.index(name), view))

    def warmup(self) -> None:
        """Pay the one-off cost of a first step now; state and results stay bit-identical."""
        lib, _ = capi.library()
        capi.check(lib.calcisol_warmup(self.handle))

    def laboratory_ph(self) -> tuple[Floats, Floats]:
        """pH of a suspension in water and in 0.01 M CaCl2, (column, soil_layer); NaN in columns without a state."""
        lib, ffi = capi.library()
        names = table().names("diagnostic")
        targets = ffi.new("calcisol_target[]", len(names))
        result = {name: np.empty((self.ncol, self.nlay)) for name in names}
        for i, name in enumerate(names):
            set_view(targets[i], result[name], ffi)
        capi.check(lib.calcisol_laboratory_ph(self.handle, targets, len(names)))
        return result["ph_h2o"], result["ph_cacl2"]

    @property
    def handle(self) -> Any:
        """The C handle. Raises ArgumentError once the columns are freed."""
        if self._handle is None:
            raise ArgumentError("these columns are freed; create them again")
        return self._handle[0]

    def close(self) -> None:
        """Free the columns. Closing twice is fine."""
        if self._handle is not None:
            lib, _ = capi.library()
            lib.calcisol_columns_free(self._handle)
            self._handle = None

    def __enter__(self) -> Columns:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def shape_of(self, dims: str) -> tuple[int, ...]:
        """Shape of variables with these dims of the contract."""
        return (self.ncol, self.nlay) if dims == "layer" else (self.ncol,)

    def _empty(self, variables: list[Variable]) -> dict[str, NDArray[Any]]:
        """Room for outputs, of one piece for each shape."""
        made: dict[str, NDArray[Any]] = {}
        for dims in ("layer", "column"):
            names = [v.name for v in variables if v.dims == dims]
            room = np.full((len(names), *self.shape_of(dims)), np.nan)
            made.update(zip(names, room, strict=True))
        return {v.name: made[v.name] for v in variables}

    def _new_report(self) -> Any:
        _, ffi = capi.library()
        report = ffi.new("calcisol_report *")
        report.struct_size = ffi.sizeof("calcisol_report")
        return report

    def _keep_report(self, report: Any) -> None:
        self.report: dict[str, int] = {name: int(getattr(report, name)) for name in _counts()}
        self.note: str = capi.last_error()

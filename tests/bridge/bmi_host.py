"""The BMI component from Python: builds it and calls its table of functions through ctypes, under the names of bmipy.

What:    ``Component``, an object with the methods of bmipy.Bmi (so that CSDMS's bmi-tester can drive it too).
Source:  Basic Model Interface 2.0, C bindings: TABLE lists the functions in the order of the table. bmi.h itself is not ours
         and not shipped: the header for the test is written from this list.
Use:     ``build(folder)``; ``Component.library = folder / "libcalcisol_bmi.so"``; ``Component().initialize("soil.cfg")``
"""

from __future__ import annotations

import ctypes as ct
import subprocess
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

TEXT, INT, DOUBLE = ct.c_char_p, ct.POINTER(ct.c_int), ct.POINTER(ct.c_double)
VOID, NAMES = ct.c_void_p, ct.POINTER(ct.c_char_p)
C_TYPE = {TEXT: "char *", INT: "int *", DOUBLE: "double *", VOID: "void *", NAMES: "char **", ct.c_int: "int",
          ct.c_double: "double", ct.POINTER(VOID): "void **"}  # fmt: skip
NAMED, GRID = (TEXT,), (ct.c_int,)
TABLE: dict[str, tuple[Any, ...]] = {
    "initialize": NAMED, "update": (), "update_until": (ct.c_double,), "finalize": (),
    "get_component_name": (TEXT,), "get_input_item_count": (INT,), "get_output_item_count": (INT,),
    "get_input_var_names": (NAMES,), "get_output_var_names": (NAMES,),
    "get_var_grid": (*NAMED, INT), "get_var_type": (*NAMED, TEXT), "get_var_units": (*NAMED, TEXT),
    "get_var_itemsize": (*NAMED, INT), "get_var_nbytes": (*NAMED, INT), "get_var_location": (*NAMED, TEXT),
    "get_current_time": (DOUBLE,), "get_start_time": (DOUBLE,), "get_end_time": (DOUBLE,), "get_time_units": (TEXT,),
    "get_time_step": (DOUBLE,),
    "get_value": (*NAMED, VOID), "get_value_ptr": (*NAMED, ct.POINTER(VOID)),
    "get_value_at_indices": (*NAMED, VOID, INT, ct.c_int),
    "set_value": (*NAMED, VOID), "set_value_at_indices": (*NAMED, INT, ct.c_int, VOID),
    "get_grid_rank": (*GRID, INT), "get_grid_size": (*GRID, INT), "get_grid_type": (*GRID, TEXT),
    "get_grid_shape": (*GRID, INT), "get_grid_spacing": (*GRID, DOUBLE), "get_grid_origin": (*GRID, DOUBLE),
    "get_grid_x": (*GRID, DOUBLE), "get_grid_y": (*GRID, DOUBLE), "get_grid_z": (*GRID, DOUBLE),
    "get_grid_node_count": (*GRID, INT), "get_grid_edge_count": (*GRID, INT), "get_grid_face_count": (*GRID, INT),
    "get_grid_edge_nodes": (*GRID, INT), "get_grid_face_edges": (*GRID, INT), "get_grid_face_nodes": (*GRID, INT),
    "get_grid_nodes_per_face": (*GRID, INT),
}  # fmt: skip
INPUTS_ARE_CONST = ("initialize", "get_var", "get_value", "set_value")


class Table(ct.Structure):
    """struct Bmi: a pointer to the data, then the functions."""


Table._fields_ = [
    ("data", VOID),
    *((name, ct.CFUNCTYPE(ct.c_int, ct.POINTER(Table), *arguments)) for name, arguments in TABLE.items()),
]


def header() -> str:
    """A bmi.h with the table of the specification."""
    lines = ["#ifndef BMI_H", "#define BMI_H", "enum { BMI_SUCCESS = 0, BMI_FAILURE = 1 };", "typedef struct Bmi {"]
    lines.append("void *data;")
    for name, arguments in TABLE.items():
        types = ["struct Bmi *", *(C_TYPE[a] for a in arguments)]
        if name.startswith(INPUTS_ARE_CONST):
            types = [*types[:1], *("const char *" if i == 0 and t == "char *" else t for i, t in enumerate(types[1:]))]
        lines.append(f"int (*{name})({', '.join(types)});")
    return "\n".join([*lines, "} Bmi;", "#endif", ""])


def build(folder: Path) -> Path:
    """Compile the component as a shared library into ``folder``."""
    from calcisol.coupler.library.install import include_dir, library_dir

    (folder / "bmi.h").write_text(header())
    library, source = folder / "libcalcisol_bmi.so", include_dir() / "bmi"
    command = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-shared", "-fPIC", f"-I{folder}"]
    command += [f"-I{include_dir()}", str(source / "calcisol_bmi.c"), str(source / "calcisol_bmi_setup.c"), "-o", str(library)]
    command += [f"-L{library_dir()}", "-lcalcisol", f"-Wl,-rpath,{library_dir()}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


class BmiFailure(Exception):
    """A function answered BMI_FAILURE; the text is that of calcisol_bmi_error."""


class Component:
    """Methods as in bmipy.Bmi; arrays are filled in place and returned."""

    library: ClassVar[Path]

    def __init__(self) -> None:
        self._lib = ct.CDLL(str(self.library))
        self._lib.calcisol_bmi_error.restype = ct.c_char_p
        self._lib.calcisol_register_bmi.argtypes = [ct.POINTER(Table)]
        self.table = Table()
        self._lib.calcisol_register_bmi(ct.byref(self.table))

    def call(self, name: str, *arguments: Any) -> None:
        """One function of the table; raises BmiFailure."""
        if getattr(self.table, name)(ct.byref(self.table), *arguments) != 0:
            raise BmiFailure(self._lib.calcisol_bmi_error().decode())

    def _number(self, name: str, *first: Any) -> Any:
        value = ct.c_double() if TABLE[name][-1] is DOUBLE else ct.c_int()
        self.call(name, *first, ct.byref(value))
        return value.value

    def _text(self, name: str, *first: Any) -> str:
        value = ct.create_string_buffer(2048)
        self.call(name, *first, value)
        return value.value.decode()

    def _names(self, kind: str) -> tuple[str, ...]:
        buffers = [ct.create_string_buffer(2048) for _ in range(self._number(f"get_{kind}_item_count"))]
        self.call(f"get_{kind}_var_names", (ct.c_char_p * len(buffers))(*map(ct.addressof, buffers)))
        return tuple(b.value.decode() for b in buffers)

    def _fill(self, name: str, grid: int, array: np.ndarray) -> np.ndarray:
        kind = ct.c_double if TABLE[name][-1] is DOUBLE else ct.c_int
        work = np.empty(array.size, kind)
        self.call(name, grid, work.ctypes.data_as(ct.POINTER(kind)))
        array[:] = work
        return array

    def initialize(self, config_file: str) -> None:
        self.call("initialize", config_file.encode())

    def update(self) -> None:
        self.call("update")

    def update_until(self, time: float) -> None:
        self.call("update_until", time)

    def finalize(self) -> None:
        self.call("finalize")

    def get_input_var_names(self) -> tuple[str, ...]:
        return self._names("input")

    def get_output_var_names(self) -> tuple[str, ...]:
        return self._names("output")

    def get_value(self, name: str, dest: np.ndarray) -> np.ndarray:
        self.call("get_value", name.encode(), dest.ctypes.data)
        return dest

    def get_value_ptr(self, name: str) -> np.ndarray:
        pointer, size = ct.c_void_p(), self.get_grid_size(self.get_var_grid(name))
        self.call("get_value_ptr", name.encode(), ct.byref(pointer))
        return np.ctypeslib.as_array(ct.cast(pointer, DOUBLE), (size,))

    def get_value_at_indices(self, name: str, dest: np.ndarray, inds: np.ndarray) -> np.ndarray:
        where = np.ascontiguousarray(inds, ct.c_int)
        self.call("get_value_at_indices", name.encode(), dest.ctypes.data, where.ctypes.data_as(INT), where.size)
        return dest

    def set_value(self, name: str, src: np.ndarray) -> None:
        values = np.ascontiguousarray(src, float)
        self.call("set_value", name.encode(), values.ctypes.data)

    def set_value_at_indices(self, name: str, inds: np.ndarray, src: np.ndarray) -> None:
        where, values = np.ascontiguousarray(inds, ct.c_int), np.ascontiguousarray(src, float)
        self.call("set_value_at_indices", name.encode(), where.ctypes.data_as(INT), where.size, values.ctypes.data)

    def __getattr__(self, name: str) -> Any:
        """The functions that give one number, one text or one array."""
        if name not in TABLE:
            raise AttributeError(name)
        last = TABLE[name][-1]
        encode = lambda a: a.encode() if isinstance(a, str) else a  # noqa: E731
        if last is TEXT:
            return lambda *first: self._text(name, *map(encode, first))
        if TABLE[name][0] is ct.c_int and name.split("_")[-1] not in ("rank", "size", "count"):
            return lambda grid, array: self._fill(name, grid, array)
        return lambda *first: self._number(name, *map(encode, first))

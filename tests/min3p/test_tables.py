"""Numbers and headers as Fortran writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from calcisol.emulator.min3p.tables import iter_zones, parse_rows, read_table, to_float


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5D-03", 1.5e-3), ("1.0-101", 1.0e-101), ("-2.25+003", -2250.0), (".5", 0.5), ("7", 7.0), ("-.5E+01", -5.0)],
)
def test_number(text: str, value: float) -> None:
    assert to_float(text) == value
    assert parse_rows(f" {text} 1.0\n")[0, 0] == value


def test_overflow_is_nan_and_touching_numbers_part() -> None:
    rows = parse_rows(" 1.00E+000-2.50E-001 3.0\n ****** 4.0-101 -5.\n")
    assert np.isnan(rows[1, 0])
    np.testing.assert_array_equal(rows[0], [1.0, -0.25, 3.0])
    np.testing.assert_array_equal(rows[1, 1:], [4.0e-101, -5.0])


def test_touching_letterless_numbers() -> None:
    np.testing.assert_array_equal(parse_rows(" 1.0-101-2.0-102\n"), [[1.0e-101, -2.0e-102]])


def test_wrong_number_of_values_is_an_error() -> None:
    with pytest.raises(ValueError, match="2 rows of 2 columns expected, 3 numbers"):
        parse_rows("1 2\n3\n", columns=2)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


HEADER = 'title = "dataset a"\nvariables = "x", "y", "z","ca+2"\n'


def test_header(tmp_path: Path) -> None:
    text = HEADER + 'zone t = "T_j, T =   7.300000E+002 years", i =    1, j =   1, k =  2, f=point\n0 0 1 5\n0 0 2 6\n'
    zone, rows = read_table(write(tmp_path / "a_1.gst", text))
    assert (zone.names, zone.time, zone.time_unit, zone.shape) == (["x", "y", "z", "ca+2"], 730.0, "years", (1, 1, 2))
    np.testing.assert_array_equal(rows, [[0, 0, 1, 5], [0, 0, 2, 6]])


def test_variables_over_two_lines(tmp_path: Path) -> None:
    zone, _ = read_table(write(tmp_path / "a.gbm", 'title = "a"\nvariables = "time","pH",\n"Alk [eq/L]"\nzone t = "M"\n1 2 3\n'))
    assert zone.names == ["time", "pH", "Alk [eq/L]"]


def test_several_zones(tmp_path: Path) -> None:
    text = HEADER + 'zone t = "T = 1.0 days"\n0 0 1 5\nzone t = "T = 2.0 days"\n0 0 1 6\n'
    found = [(zone.time, rows[0, 3]) for zone, rows in iter_zones(write(tmp_path / "a.gst", text))]
    assert found == [(1.0, 5.0), (2.0, 6.0)]


def test_last_line_cut_short_is_dropped_and_told(tmp_path: Path) -> None:
    zone, rows = read_table(write(tmp_path / "a.gst", HEADER + 'zone t = "a"\n0 0 1 5\n0 0 2\n'))
    assert zone.cut_short
    np.testing.assert_array_equal(rows, [[0, 0, 1, 5]])


def test_damage_in_the_middle_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gst", HEADER + 'zone t = "a"\n0 0 1 5\n0 0 2\n0 0 3 7\n0 0 4 8\n')
    with pytest.raises(ValueError, match="no MIN3P table"):
        read_table(path)


def test_no_header(tmp_path: Path) -> None:
    zone, rows = read_table(write(tmp_path / "a.mvc", "  1.0 2.0\n 3.0\t4.0\n"))
    assert zone.names == []
    np.testing.assert_array_equal(rows, [[1, 2], [3, 4]])


def test_text_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no MIN3P table"):
        read_table(write(tmp_path / "a.gst", "Once upon a time\n"))


def test_blocks_join_to_the_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gst", HEADER + 'zone t = "a"\n' + "".join(f"0 0 {i} {i * i}\n" for i in range(100)))
    blocks = [rows for _, rows in iter_zones(path, block_rows=7)]
    assert max(map(len, blocks)) == 7
    np.testing.assert_array_equal(np.concatenate(blocks), read_table(path)[1])

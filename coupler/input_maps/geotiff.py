"""A small reader of plain GeoTIFF files: striped, float32 or 16-bit integers, uncompressed, LZW or deflate, north up.

What:    values and cell edges of a regular lon/lat raster, without GDAL.
Shapes:  (band, row, column), row 0 in the north; origin = north-west corner in degrees.
Source:  TIFF 6.0 specification (Adobe 1992), section 13 for LZW; GeoTIFF 1.1 tags 33550 and 33922.
Use:     ``values, west, north, step = read_geotiff(path)``; raises CalcisolError for any other kind of TIFF.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from ..errors import CalcisolError

NODATA = -32768  # of the 16-bit products read here (SoilGrids)
_CODES = {1: "B", 2: "s", 3: "H", 4: "I", 12: "d", 16: "Q"}


def _tags(raw: bytes, path: Path) -> dict[int, tuple]:
    if raw[:4] != b"II*\0":
        raise CalcisolError(f"{path} is no little-endian TIFF; convert it to a plain GeoTIFF")
    at = struct.unpack_from("<I", raw, 4)[0]
    tags = {}
    for i in range(struct.unpack_from("<H", raw, at)[0]):
        tag, kind, count = struct.unpack_from("<HHI", raw, at + 2 + 12 * i)
        if kind not in _CODES:
            continue
        size = struct.calcsize(_CODES[kind]) * count
        where = at + 10 + 12 * i if size <= 4 else struct.unpack_from("<I", raw, at + 10 + 12 * i)[0]
        tags[tag] = struct.unpack_from(f"<{count}{_CODES[kind]}", raw, where)
    return tags


def lzw(data: bytes) -> bytes:
    """Decompress one TIFF LZW strip (codes of 9 to 12 bits, most significant bit first)."""
    bits, left, at, width = 0, 0, 0, 9
    table: list[bytes] = []
    out: list[bytes] = []
    last = b""
    while True:
        while left < width:
            if at >= len(data):
                return b"".join(out)
            bits, left, at = (bits << 8) | data[at], left + 8, at + 1
        code = (bits >> (left - width)) & ((1 << width) - 1)
        left -= width
        bits &= (1 << left) - 1
        if code == 257:
            return b"".join(out)
        if code == 256:
            table, width, last = [bytes([i]) for i in range(256)] + [b"", b""], 9, b""
            continue
        entry = table[code] if code < len(table) else last + last[:1]
        out.append(entry)
        if last:
            table.append(last + entry[:1])
        last = entry
        width = 12 if len(table) >= 2047 else 11 if len(table) >= 1023 else 10 if len(table) >= 511 else 9


def read_geotiff(path: Path) -> tuple[np.ndarray, float, float, float]:
    """Values (band, row, column) float32, west and north edge and cell size in degrees. Raises CalcisolError."""
    try:
        return _read(path)
    except (struct.error, zlib.error, LookupError, ValueError) as error:
        raise CalcisolError(f"{path} is damaged, cut short or without coordinates ({error}); copy it again") from None


def _read(path: Path) -> tuple[np.ndarray, float, float, float]:
    raw = path.read_bytes()
    tags = _tags(raw, path)
    width, height, bands = tags[256][0], tags[257][0], tags.get(277, (1,))[0]
    compression, predictor, planar = tags.get(259, (1,))[0], tags.get(317, (1,))[0], tags.get(284, (1,))[0]
    kind = {(32, 3): "<f4", (16, 2): "<i2", (16, 1): "<u2"}.get((tags[258][0], tags.get(339, (1,))[0]))
    if (
        compression not in (1, 5, 8, 32946)
        or predictor != 1
        or planar != 1
        or kind is None
        or len(set(tags[258])) != 1
        or 273 not in tags
    ):
        raise CalcisolError(
            f"{path} is no striped float32 or 16-bit GeoTIFF without predictor (compression {compression}); "
            "rewrite it with LZW, deflate or none"
        )
    strips = [raw[o : o + n] for o, n in zip(tags[273], tags[279], strict=True)]
    data = b"".join(s if compression == 1 else lzw(s) if compression == 5 else zlib.decompress(s) for s in strips)
    values = np.frombuffer(data, kind).reshape(height, width, bands).transpose(2, 0, 1)
    if kind != "<f4":
        values = np.where(values == NODATA, np.nan, values).astype(np.float32)
    return values, tags[33922][3], tags[33922][4], tags[33550][0]


def sample(path: Path, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """Values at points, (band, point); missing data become 0 (no crop, no fertiliser)."""
    values, west, north, step = read_geotiff(path)
    row, column = ((north - lat) / step).astype(int), ((lon - west) / step).astype(int)
    found = values[:, row, column].astype(float)
    return np.where(np.isfinite(found) & (found > 0), found, 0.0)

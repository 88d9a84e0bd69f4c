"""Bundles nobody should be able to open, made from a good one."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

from calcisol.emulator.contract.bundle import records_sha256

CONTRACT = "extra/calcisol.json"


def rewrite(source: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Copy a bundle record by record; ``change`` gets name (below the top folder) and content, None drops the record."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for item in old.infolist():
            content = change(item.filename.split("/", 1)[1], old.read(item))
            if content is not None:
                new.writestr(item.filename, content)
    return target


def sealed(path: Path) -> Path:
    """The bundle with the sum of what it now holds in its contract: changed on purpose, by somebody who knows how."""
    with zipfile.ZipFile(path) as archive:
        old = json.loads(archive.read(next(n for n in archive.namelist() if n.endswith(CONTRACT))))["records_sha256"]
    whole = path.with_suffix(".unsealed")
    path.replace(whole)
    new = records_sha256(whole, old)
    return rewrite(whole, path, lambda n, c: c.replace(old.encode(), new.encode()) if n == CONTRACT else c)


def edit_contract(edit: Callable[[dict], object]) -> Callable[[str, bytes], bytes]:
    """A change of the contract record only."""

    def change(name: str, content: bytes) -> bytes:
        if name != CONTRACT:
            return content
        contract = json.loads(content)
        edit(contract)
        return json.dumps(contract).encode()

    return change


def broken_bundles(good: Path, folder: Path) -> dict[str, Path]:
    """Each kind of broken bundle by name."""

    def tamper(name: str, content: bytes) -> bytes:
        return content.replace(b"86400", b"86401") if name.endswith(".py") else content

    def swap_units(contract: dict) -> None:
        contract["forcing"][0]["units"] = "m3 m-3"

    def swap_rows(contract: dict) -> None:
        contract["state"][0], contract["state"][1] = contract["state"][1], contract["state"][0]

    truncated = folder / "truncated.calcisol"
    truncated.write_bytes(good.read_bytes()[: good.stat().st_size * 2 // 3])
    empty = folder / "empty.calcisol"
    empty.write_bytes(b"")
    text = folder / "text.calcisol"
    text.write_text("not a bundle\n" * 100)
    return {
        "truncated": truncated,
        "empty": empty,
        "text": text,
        "tampered": rewrite(good, folder / "tampered.calcisol", tamper),
        "schema": rewrite(good, folder / "schema.calcisol", edit_contract(lambda c: c.update(schema_version=99))),
        "format": rewrite(good, folder / "format.calcisol", edit_contract(lambda c: c.update(format="other"))),
        "units": rewrite(good, folder / "units.calcisol", edit_contract(swap_units)),
        "rows": rewrite(good, folder / "rows.calcisol", edit_contract(swap_rows)),
        "older": rewrite(good, folder / "older.calcisol", edit_contract(lambda c: c.pop("tensors"))),
        "no contract": rewrite(good, folder / "none.calcisol", lambda n, c: None if n.startswith("extra/") else c),
    }


def hostile_bundles(good: Path, folder: Path) -> dict[str, Path]:
    """Archives that somebody made to do harm: names that lead elsewhere, sizes that are not true, bombs, doubles."""

    def edited(name: str, edit: Callable[[bytearray], None]) -> Path:
        content = bytearray(good.read_bytes())
        edit(content)
        path = folder / f"{name}.calcisol"
        path.write_bytes(content)
        return path

    def claim_size(content: bytearray) -> None:  # in the central directory: APPNOTE 4.3.12, uncompressed size at 24
        at = content.find(b"PK\x01\x02")
        content[at + 24 : at + 28] = (0xFFFFFFF0).to_bytes(4, "little")

    def another_directory(content: bytearray) -> None:  # in the 64-bit twin of the end (4.3.14), which torch may believe
        at = content.rfind(b"PK\x06\x06")
        content[at + 48 : at + 56] = (0).to_bytes(8, "little")

    def share_bytes(content: bytearray) -> None:  # every entry of the directory is the first one again: a bomb without packing
        at = content.find(b"PK\x01\x02")
        size = 46 + int.from_bytes(content[at + 28 : at + 30], "little")
        end = len(content) - 22
        entry, count = bytes(content[at : at + size]), 60_000
        start = len(content)
        tail = bytearray(content[end:])
        tail[8:12] = count.to_bytes(2, "little") * 2
        tail[12:16], tail[16:20] = (count * size).to_bytes(4, "little"), start.to_bytes(4, "little")
        content.extend(entry * count + tail)

    def claim_offset(content: bytearray) -> None:  # of the local header, at 42
        at = content.find(b"PK\x01\x02")
        content[at + 42 : at + 46] = (0x7FFFFFF0).to_bytes(4, "little")

    def with_extra(name: str, entries: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> Path:
        path = folder / f"{name}.calcisol"
        path.write_bytes(good.read_bytes())
        with warnings.catch_warnings(), zipfile.ZipFile(path, "a", compression) as archive:
            warnings.simplefilter("ignore")  # zipfile warns of double names
            top = archive.namelist()[0].split("/", 1)[0]
            for entry, data in entries:
                archive.writestr(entry.replace("TOP", top), data)
        return path

    return {
        "size": edited("size", claim_size),
        "offset": edited("offset", claim_offset),
        "two directories": edited("directories", another_directory),
        "shared bytes": edited("shared", share_bytes),
        "something behind": edited("behind", lambda content: content.extend(b"PK\x05\x06")),
        "compressed": with_extra("compressed", [("TOP/extra/note", bytes(1000))], zipfile.ZIP_DEFLATED),
        "traversal": with_extra("traversal", [("../../evil", b"x"), ("/etc/evil", b"x"), ("TOP/../../evil", b"x")]),
        "double contract": with_extra("double", [("TOP/extra/calcisol.json", b'{"format": "calcisol-bundle"}')]),
        "bomb": with_extra("bomb", [("TOP/extra/bomb", bytes(600 * 1024 * 1024))], zipfile.ZIP_DEFLATED),
        "deep contract": rewrite(good, folder / "deep.calcisol", lambda n, c: b"[" * 1_000_000 if n == CONTRACT else c),
    }

"""The bundle: one TorchScript archive with its contract inside, readable without loading the graph (or torch).

What:    reads, verifies and writes ``*.calcisol`` files; the contract is the JSON record ``extra/calcisol.json``. It names the
         record of each tensor, so that an engine without torch finds the weights.
Checks:  format, schema version, variable table, and a SHA-256 over all records, before anything is loaded.
Source:  the self-describing file of metatomic (https://github.com/metatensor/metatomic) was the model.
Use:     ``contract = read_contract(path)``; ``write_bundle(path, scripted_module, contract)``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

from .errors import InputError
from .variables import Table, load_table

FORMAT = "calcisol-bundle"
CONTRACT_RECORD = "calcisol.json"  # torch stores extra files below "<archive>/extra/"
MAX_BYTES = 512 * 1024 * 1024  # a bundle is hundreds of kB; refuse to hash something absurd


class BundleError(InputError):
    """The file is no bundle this version can use; the text names the file, the fault and how to fix it."""


def default_bundle() -> Path:
    """Path of the bundle that ships with the package."""
    return Path(__file__).parents[1] / "bundles" / "default.calcisol"


def records_sha256(path: Path, claimed: str) -> str:
    """SHA-256 over all records: for each name, sorted, the bytes of name + newline + content.

    Names are relative to the archive's top folder; ``.data/serialization_id`` is left out because torch
    rewrites it. The contract, which holds the sum, counts with zeros in its place. The C++ bridge computes the same.
    """
    digest = hashlib.sha256()
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:  # small when packed, gigabytes when read
            raise BundleError(f"bundle {path} unpacks to more than {MAX_BYTES} bytes; this is no calcisol bundle")
        entries = {name.split("/", 1)[1]: name for name in archive.namelist() if "/" in name}
        for name in sorted(entries):
            if name == ".data/serialization_id":
                continue
            content = archive.read(entries[name])
            if name == f"extra/{CONTRACT_RECORD}" and claimed:
                content = content.replace(claimed.encode(), b"0" * len(claimed.encode()))
            digest.update(name.encode() + b"\n" + content)
    return digest.hexdigest()


def read_contract(path: str | os.PathLike[str], *, verify: bool = True) -> dict[str, Any]:
    """Contract of a bundle as a dict, after checking it.

    Raises BundleError when the file is missing, cut short, of another format or schema, changed after
    export, or made for another variable table.
    """
    path = Path(path)
    if not path.is_file():
        raise BundleError(f"bundle {path} does not exist; give the path of a .calcisol file")
    if path.stat().st_size > MAX_BYTES:
        raise BundleError(f"bundle {path} has {path.stat().st_size} bytes, more than {MAX_BYTES}; this is no calcisol bundle")
    try:
        with zipfile.ZipFile(path) as archive:
            record = next((n for n in archive.namelist() if n.endswith(f"/extra/{CONTRACT_RECORD}")), None)
            if record is None:
                raise BundleError(f"bundle {path} holds no contract ({CONTRACT_RECORD}); export it with `calcisol export`")
            if archive.getinfo(record).file_size > MAX_BYTES:
                raise BundleError(f"bundle {path} unpacks to more than {MAX_BYTES} bytes; this is no calcisol bundle")
            outside = next((n for n in archive.namelist() if n.split("/", 1)[0] != record.split("/", 1)[0]), None)
            if outside is not None:  # the sum below would not see it
                raise BundleError(f"bundle {path} holds {outside!r} outside its archive folder; copy it again")
            contract = json.loads(archive.read(record))
    except (zipfile.BadZipFile, zlib.error, json.JSONDecodeError, RecursionError, UnicodeDecodeError, EOFError, OSError) as error:
        raise BundleError(f"bundle {path} is damaged or cut short ({error}); copy it again") from None
    if not isinstance(contract, dict) or contract.get("format") != FORMAT:
        raise BundleError(
            f"bundle {path} says format {contract.get('format') if isinstance(contract, dict) else None!r}, not {FORMAT!r}"
        )
    if verify:
        check_contract(contract, load_table(), path)
        try:
            found = records_sha256(path, str(contract.get("records_sha256", "")))
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError) as error:
            raise BundleError(f"bundle {path} is damaged or cut short ({error}); copy it again") from None
        if found != contract.get("records_sha256"):
            changed = f"was changed after export (SHA-256 {found[:12]}... differs from its contract); copy it again"
            older = "was exported by an older calcisol (its contract names no tensors); export it again"
            raise BundleError(f"bundle {path} {changed if 'tensors' in contract else older}")
    return contract


def check_contract(contract: dict[str, Any], table: Table, path: Path) -> None:
    """Raise BundleError unless the contract's variables are exactly those of this version, in order."""
    own = table.contract()
    if contract.get("schema_version") != own["schema_version"]:
        raise BundleError(
            f"bundle {path} has schema version {contract.get('schema_version')!r}, this calcisol reads {own['schema_version']}; "
            "export it again with this version"
        )
    for role in ("static", "forcing", "output", "diagnostic", "state"):
        given = contract.get(role)
        entries = [v if isinstance(v, dict) else {} for v in (given if isinstance(given, list) else [])]
        theirs = [(v.get("name"), v.get("units")) for v in entries]
        ours = [(v["name"], v["units"]) for v in own[role]]
        if theirs != ours:
            first = next((a for a, b in zip(theirs, ours, strict=False) if a != b), "length")
            raise BundleError(
                f"bundle {path}: its {role} variables differ from this version's (first difference: {first}); export it again"
            )


def write_bundle(path: str | os.PathLike[str], module: Any, contract: dict[str, Any]) -> None:
    """Write a scripted module and its contract; temporary name first, then renamed.

    ``contract`` holds what the caller knows (data, scores, licence ...); format, schema, variables and the
    record hash are added here. Debug records, which name the source files of this machine, are left out, so
    that the same module gives the same bytes.
    """
    import torch

    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    full = {"format": FORMAT, **contract, **load_table().contract(), "torch_version": torch.__version__.split("+")[0]}
    full["tensors"] = tensor_records(module, buffer.getvalue())
    _write(Path(path), buffer.getvalue(), full)


def tensor_records(module: Any, archive: bytes) -> dict[str, str]:
    """Record ("data/15") of each parameter and buffer: the one that holds its values, row by row, and nothing else."""
    import torch

    reader = torch._C.PyTorchFileReader(io.BytesIO(archive))
    records = {reader.get_record(n): n for n in sorted(reader.get_all_records(), reverse=True) if n.startswith("data/")}
    found = {}
    for name, tensor in module.state_dict().items():
        content = tensor.detach().cpu().contiguous().numpy().tobytes()
        if content not in records:
            raise BundleError(f"tensor {name} is not kept as a record of its own; make it contiguous before the export")
        found[name] = records[content]
    return found


def update_contract(path: str | os.PathLike[str], **entries: Any) -> None:
    """Write a bundle again with more entries in its contract; the module stays as it is, byte for byte."""
    contract = read_contract(path)
    del contract["records_sha256"]
    _write(Path(path), Path(path).read_bytes(), {**contract, **entries})


def _write(path: Path, archive: bytes, full: dict[str, Any]) -> None:
    """The records of a TorchScript archive and a contract, under a temporary name first."""
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    reader = torch._C.PyTorchFileReader(io.BytesIO(archive))
    by_torch = ("version", "byteorder", ".data/serialization_id")  # the writer adds these itself
    left_out = (*by_torch, f"extra/{CONTRACT_RECORD}")
    names = [n for n in sorted(reader.get_all_records()) if not n.endswith(".debug_pkl") and n not in left_out]
    temporary = path.with_name(path.name + ".part")

    def write(text: str) -> None:
        writer = torch._C.PyTorchFileWriter(str(temporary))
        for name, content in [*((n, reader.get_record(n)) for n in names), (f"extra/{CONTRACT_RECORD}", text.encode())]:
            writer.write_record(name, content, len(content))
        writer.write_end_of_file()

    try:
        blank = "0" * 64
        text = json.dumps({**full, "records_sha256": blank}, indent=1)
        write(text)
        write(text.replace(blank, records_sha256(temporary, blank)))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)

"""``calcisol bench --peer``: the protocol of fortran_bridge/docs/engines.md, with a peer in Python; no times are judged."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
from calcisol.coupler.bench import inference
from calcisol.coupler.errors import CalcisolError

PEER = """#!{python}
import sys, time, torch
module = torch.jit.load(sys.argv[1])
sample = torch.tensor([[float(x) for x in line.split()] for line in open(sys.argv[2])])
torch.set_num_threads(1)
for line in sys.stdin:
    rows, repeats = map(int, line.split())
    x = sample.repeat(-(-rows // len(sample)), 1)[:rows]
    start = time.process_time()
    with torch.no_grad():
        for _ in range(repeats):
            y = module(x)
    print((time.process_time() - start) / repeats, float(y.double().sum()) + {error}, flush=True)
"""


def peer(folder: Path, error: float = 0.0) -> str:
    path = folder / "peer.py"
    path.write_text(PEER.format(python=sys.executable, error=error))
    path.chmod(0o755)
    return str(path)


def test_the_table(shipped: Path, tmp_path: Path) -> None:
    """A line a size, after the sums of both sides have been found to agree; a peer of other sums is found out."""
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")):
        pytest.skip("no C++ compiler")
    table = inference.bench_peer(peer(tmp_path), None, 1, (64, 1000))
    assert [row.split("|")[1].strip() for row in table.splitlines()[4:]] == ["64", "1,000"]
    assert all(float(re.findall(r"([\d.]+) x", row)[0]) > 0 for row in table.splitlines()[4:])
    with pytest.raises(CalcisolError, match="sums to"):
        inference.bench_peer(peer(tmp_path, error=1.0), None, 1, (64,))
    with pytest.raises(CalcisolError, match="did not answer"):
        inference.bench_peer("/bin/true", None, 1, (64,))
    with pytest.raises(CalcisolError, match="cannot be started"):
        inference.bench_peer(str(tmp_path / "nowhere"), None, 1, (64,))


def test_a_peer_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    """The pipe breaks when it is written to, and again when it is closed."""
    gone = inference.Other(shutil.which("true") or "true", tmp_path)
    gone.process.wait(timeout=60)
    with pytest.raises(CalcisolError, match="did not answer"):
        gone.time(32, 20)
    gone.close()

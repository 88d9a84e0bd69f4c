"""Fixtures shared by all tests: bundles. What is no fixture: helpers/.

What:    everything is tested as installed; nothing is imported from the source folders.
Use:     ``def test_x(toy): ...``
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as `nohup make test &` leaves it: programs under test inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shipped() -> Path:
    """The bundle that ships with the package."""
    from calcisol.emulator.contract.bundle import default_bundle

    if not default_bundle().is_file():
        pytest.skip("this package was built without a trained bundle (emulator/bundles/default.calcisol)")
    return default_bundle()


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy bundle of helpers/toy_bundle.py."""
    from helpers.toy_bundle import write_toy

    return write_toy(tmp_path_factory.mktemp("toy") / "toy.calcisol")


@pytest.fixture(scope="session")
def device_text(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the kernels of the shipped bundle's step, for hosts and for devices (helpers/device_text.py)."""
    from helpers.device_text import build
    from helpers.hosts import need

    pytest.importorskip("torch")
    need("g++")
    return build(shipped, tmp_path_factory.mktemp("device_text"))

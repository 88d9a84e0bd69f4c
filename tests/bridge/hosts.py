"""What a host needs to be built against the installed package."""

from __future__ import annotations

import os


def host_environment() -> dict[str, str]:
    """Environment in which pkg-config finds the installed package."""
    from calcisol.coupler.library.install import pkgconfig_dir

    return {**os.environ, "PKG_CONFIG_PATH": str(pkgconfig_dir())}

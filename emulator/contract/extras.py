"""Packages that only some commands need: which extra of calcisol brings each, and the one sentence where it is missing.

What:    a host and the numbers of a European run need none of them, so none is a dependency of calcisol itself.
Errors:  MissingExtra, before any work is done.
Use:     ``need("calcisol train", "learn")``; ``except ModuleNotFoundError as error: missing_extra(error)`` for the rest
"""

from __future__ import annotations

import importlib.util

from .errors import InputError

EXTRAS = {  # as in pyproject.toml; the first extra that holds a package is the one to install for it
    "learn": ("torch",),
    "plots": ("matplotlib",),
    "explain": ("torch", "matplotlib", "captum", "sklearn", "scipy", "shap"),
    "distributed": ("distributed",),
    "maps": ("rasterio",),
    "weather": ("pyet",),
}


class MissingExtra(InputError, ImportError):
    """A package of an extra is not installed."""


def sentence(what: str, package: str, extra: str) -> str:
    """What needs which package, and how to get it."""
    return f'{what} needs {package}, which is not installed; run `pip install "calcisol[{extra}]"`'


def need(what: str, extra: str) -> None:
    """Return if all packages of ``extra`` are there; none is imported. Raises MissingExtra naming ``what`` needs the first."""
    for package in EXTRAS[extra]:
        if importlib.util.find_spec(package) is None:
            raise MissingExtra(sentence(what, package, extra))


def missing_extra(error: ModuleNotFoundError) -> MissingExtra | None:
    """The sentence for an import that failed somewhere; None where the package belongs to no extra."""
    package = (error.name or "").partition(".")[0]
    extra = next((name for name, packages in EXTRAS.items() if package in packages), None)
    return MissingExtra(sentence("this command", package, extra)) if extra else None

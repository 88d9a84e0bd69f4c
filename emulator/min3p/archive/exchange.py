"""Names of exchange species: which ion, which site, against which ion, by which convention.

What:    MIN3P ties a species to its site by the text between the last "-" and "(": 'ca-ya(na)' is Ca on site ya against Na.
         What follows the bracket marks entries of another convention ('gp' Gapon, 'v' Vanselow) in its default database.
Refused: by ``foreign_laws``: exchange and activity laws that the step does not have.
Use:     ``parts = exchange_name("ca-ya(na)"); parts.ion, parts.site``
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .setup import Setup

_NAME = re.compile(r"^(?P<ion>.+)-(?P<site>[^-()]+)\((?P<reference>[^)]*)\)(?P<mark>.*)$")


CONVENTIONS = {"gp": "Gapon", "v": "Vanselow"}


class ExchangeName(NamedTuple):
    """Parts of the name of an exchange species."""

    ion: str
    site: str
    reference: str
    mark: str


def exchange_name(name: str) -> ExchangeName | None:
    """Parts of a name; None where it is no exchange species (a surface complex)."""
    found = _NAME.match(name.lower())
    return ExchangeName(*found.groups()) if found else None


def sites_of(setup: Setup) -> list[str]:
    """Sites in the order of the deck, without their dash."""
    named = [site.lstrip("-") for site in setup.sites]
    for species in setup.sorbed:
        parts = exchange_name(species)
        if parts is not None and parts.site not in named:
            named.append(parts.site)
    return named


def foreign_laws(setup: Setup) -> Iterator[str]:
    """A sentence for each exchange or activity law of a deck that the step does not have, by keyword and species."""
    if setup.sorption != "gaines-thomas":
        yield f"the decks use the exchange law {setup.sorption!r}; the step has gaines-thomas alone"
    alike: dict[str, list[str]] = {}
    for name in setup.sorbed:
        parts = exchange_name(name)
        if parts is None:
            alike.setdefault("surface complexes; the step has cation exchange alone", []).append(name)
        elif parts.mark:
            convention = CONVENTIONS.get(parts.mark, parts.mark)
            alike.setdefault(f"of the {convention} convention; the step has Gaines-Thomas alone", []).append(name)
        elif parts.reference != "na":
            alike.setdefault(f"stated against {parts.reference}; the step needs constants against na", []).append(name)
    yield from (f"exchange species {', '.join(map(repr, names))}: {what}" for what, names in alike.items())
    if setup.activity != "extended debye-hueckel":
        yield f"the decks use the {setup.activity} activity law; the step has extended Debye-Hueckel and Davies"

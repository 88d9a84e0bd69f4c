"""Names of exchange species: which ion, which site, against which ion, by which convention.

What:    MIN3P ties a species to its site by the text between the last "-" and "(": 'ca-ya(na)' is Ca on site ya against Na.
         What follows the bracket marks entries of another convention ('gp' Gapon, 'v' Vanselow) in its default database.
Use:     ``parts = exchange_name("ca-ya(na)"); parts.ion, parts.site``
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .setup import Setup

_NAME = re.compile(r"^(?P<ion>.+)-(?P<site>[^-()]+)\((?P<reference>[^)]*)\)(?P<mark>.*)$")


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

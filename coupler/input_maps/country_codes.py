"""Codes of countries in tables of others: Eurostat writes two letters, FAOSTAT the M49 number or the name.

What:    ISO 3166 letters (three) of the countries of the embedded grid by those codes; light, so that scenarios can name them.
Source:  Eurostat's country codes (EL is Greece, UK the United Kingdom); United Nations, standard country codes (M49).
Use:     ``EUROSTAT["EL"]``; ``M49["300"]``
"""

from __future__ import annotations

EUROSTAT = {
    "AT": "AUT", "BE": "BEL", "BG": "BGR", "CH": "CHE", "CY": "CYP", "CZ": "CZE", "DE": "DEU", "DK": "DNK", "EE": "EST",
    "EL": "GRC", "ES": "ESP", "FI": "FIN", "FR": "FRA", "HR": "HRV", "HU": "HUN", "IE": "IRL", "IT": "ITA", "LT": "LTU",
    "LU": "LUX", "LV": "LVA", "MT": "MLT", "NL": "NLD", "NO": "NOR", "PL": "POL", "PT": "PRT", "RO": "ROU", "SE": "SWE",
    "SI": "SVN", "SK": "SVK", "UK": "GBR",
}  # fmt: skip
M49 = {
    "40": "AUT", "56": "BEL", "100": "BGR", "756": "CHE", "196": "CYP", "203": "CZE", "276": "DEU", "208": "DNK", "233": "EST",
    "300": "GRC", "724": "ESP", "246": "FIN", "250": "FRA", "191": "HRV", "348": "HUN", "372": "IRL", "380": "ITA", "440": "LTU",
    "442": "LUX", "428": "LVA", "470": "MLT", "528": "NLD", "578": "NOR", "616": "POL", "620": "PRT", "642": "ROU", "752": "SWE",
    "705": "SVN", "703": "SVK", "826": "GBR",
}  # fmt: skip

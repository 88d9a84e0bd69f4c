"""Which bases the exchanger of a soil holds that nobody surveyed.

What:    shares of the charge of the exchangeable bases, for layers without calcite; where there is calcite its water decides.
Source:  within the ranges of fertile arable soils, 65-85 % Ca, 6-12 % Mg, 2-5 % K of the capacity (Graham 1959, Missouri Agric.
         Exp. Stn. Bull. 938). Ca is about 80 % of the effective capacity of 430 Finnish topsoils (Niskanen & Jaakkola,
         journal.fi/afs/article/view/72214). Mg rises with clay and depth there (Marttila 1965, journal.fi/afs/article/view/
         71634), which says by no equation how much: texture does not enter. Which part of the capacity bases hold follows
         from pH (step/initial_state.py).
Use:     ``BASES["ca"]`` of the charge of the bases
"""

from __future__ import annotations

BASES = {"ca": 0.85, "mg": 0.09, "k": 0.045, "na": 0.015}
CHARGE = {"ca": 2.0, "mg": 2.0, "k": 1.0, "na": 1.0}

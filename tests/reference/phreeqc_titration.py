"""PHREEQC reference: a calcareous soil leached with nitric acid, on the three exchange sites of calcisol.

What:    1 kg soil with 50 mmol calcite; sites of 0.05 mol_c each with log K(H) 1.0, 3.2, 4.6 (AlOHX2, log K 2.7, and K on the
         first alone), gibbsite log K 8.11; CO2 1e-2 atm, 10 degC. Each step replaces the water by 0.25 kg with 8 mmol/kgw HNO3.
Origin:  phreeqpython 1.6.2, phreeqc.dat, November 2026; the titration of docs/science.md 4 (inputs: 14) with these sites.
"""

START = {"ca": 0.06968307, "mg": 0.00448004, "k": 0.00024386, "na": 0.00044180}
"""Exchangeable moles per kg soil when it begins; calcite 0.05031813."""
CALCITE = 0.05031813
STEP_WATER, STEP_ACID, CELSIUS, PCO2 = 0.25, 0.008, 10.0, 1e-2  # kg, mol/kgw, degC, atm

PH = {2: 7.169, 26: 7.156, 50: 7.152, 66: 7.150, 70: 7.150, 74: 6.779, 82: 6.118, 98: 5.625, 114: 5.250, 130: 4.775, 150: 4.386,
      180: 4.164, 210: 4.081, 240: 4.044}  # fmt: skip
"""pH by acid, mmol per kg soil: carbonate plateau to 72, exchange ramp to 150, aluminium plateau."""
CALCITE_LEFT = {26: 0.03223, 50: 0.01562, 66: 0.00456, 74: 0.0}
"""mol per kg soil."""

#!/bin/bash
# Two packages of PHREEQC with the same engine ship different files called phreeqc.dat; ammonium beside nitrate is gone in either.
#
# Versions:  phreeqc 1.1.1 (IPhreeqc 3.8.6), phreeqpython 1.6.2, Python 3.11; seen on 2026-11-30
# Behaviour: the same input (calcite water, 5 degC, 1e-2 atm of CO2) on the same engine with either package's phreeqc.dat. The ion pair
#            CaHCO3+ differs fivefold, calcium by 1.3 %. With 1 mmol/kg each of N(-3) and N(5) the first equilibrium step of the
#            input turns all ammonium and most nitrate into N2, as its redox equilibrium asks; no line of the input mentions N2.
# Surprise:  papers say "PHREEQC with phreeqc.dat" as if that were one thing. The constants of CaHCO3+ were refitted between
#            editions, and a soil solution with fertiliser, entered as measured, is another solution after the first step.
# Output:    phreeqc CaHCO3+ 0.0111 Ca 2.280 mmol/kg
#            phreeqpython CaHCO3+ 0.0584 Ca 2.309 mmol/kg
#            phreeqc ammonium 0.000 N2 1.600 mmol/kg of N
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install phreeqc==1.1.1 phreeqpython==1.6.2
cat > "$work/look.py" <<'PY'
import importlib.util
from pathlib import Path

import phreeqc

PUNCH = "SELECTED_OUTPUT 1\n -reset false\n -high_precision true\nUSER_PUNCH 1\n -headings a b\n 10 PUNCH {}\nEND\n"
CALCITE = "SOLUTION 1\n temp 5\n units mmol/kgw\n pH 7 charge\nEQUILIBRIUM_PHASES 1\n Calcite 0 10\n CO2(g) -2 10\n"
NITROGEN = "SOLUTION 1\n temp 10\n units mmol/kgw\n pH 7 charge\n N(-3) 1\n N(5) 1\nEQUILIBRIUM_PHASES 1\n CO2(g) -2 10\n"


def run(package, folder, text):
    engine = phreeqc.Phreeqc()
    assert engine.LoadDatabase(str(Path(importlib.util.find_spec(package).origin).parent / folder / "phreeqc.dat")) == 0
    assert engine.RunString(text) == 0, engine.GetErrorString()
    return [1e3 * column[-1] for column in engine.GetSelectedOutput().values()]


for package, folder in (("phreeqc", "databases"), ("phreeqpython", "database")):
    pair, ca = run(package, folder, CALCITE + PUNCH.format('MOL("CaHCO3+"), TOT("Ca")'))
    print(f"{package} CaHCO3+ {pair:.4f} Ca {ca:.3f} mmol/kg")
ammonium, gas = run("phreeqc", "databases", NITROGEN + PUNCH.format('TOT("N(-3)"), TOT("N(0)")'))
print(f"phreeqc ammonium {ammonium:.3f} N2 {gas:.3f} mmol/kg of N")
PY
"$work/venv/bin/python" "$work/look.py" | tee "$work/out"
diff "$work/out" - <<'OUT'
phreeqc CaHCO3+ 0.0111 Ca 2.280 mmol/kg
phreeqpython CaHCO3+ 0.0584 Ca 2.309 mmol/kg
phreeqc ammonium 0.000 N2 1.600 mmol/kg of N
OUT

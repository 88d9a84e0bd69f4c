#!/bin/bash
# Units that files of soil and climate really write, and what UDUNITS takes them for without a word.
#
# Versions:  cf-units 3.3.1 with UDUNITS 2.2.28, Python 3.11; seen on 2026-11-30
# Behaviour: "ton ha-1" is the short ton of 907 kg; "ppt" (salinity, soil science: per thousand) is 1e-12; a year has 365.2422
#            days, so that 365 daily values do not make up a yearly one; "kg C m-2" is kilogram coulomb per m2, "mb" (millibar in
#            reanalyses and ALMA files) millibarn, an area of nuclear physics; "g/100g" is 1e-8 kg2; "kg m-2 a-1" is per are.
# Surprise:  the first three convert, to numbers that are wrong by 9 %, by nine orders of magnitude and by 0.07 %; the others are
#            valid units of something else, so that "is this unit known?" is no check. It is the library CF names as its authority.
# Output:    ton ha-1 -> 0.0907184740 kg m-2
#            ppt -> 1e-12
#            year -> 365.24219878 days
#            kg C m-2 -> m-2.kg.s.A
#            mb -> 1e-31 m2
#            g/100g -> 1e-08 kg2
#            kg m-2 a-1 -> 0.01 m-4.kg
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install cf-units==3.3.1
cat > "$work/try.py" <<'PY'
from cf_units import Unit

print(f"ton ha-1 -> {Unit('ton ha-1').convert(1.0, 'kg m-2'):.10f} kg m-2")
print(f"ppt -> {Unit('ppt').convert(1.0, '1'):g}")
print(f"year -> {Unit('year').convert(1.0, 'day'):.8f} days")
for name in ("kg C m-2", "mb", "g/100g", "kg m-2 a-1"):
    print(name, "->", Unit(name).definition)
PY
"$work/venv/bin/python" "$work/try.py" | tee "$work/out"
diff "$work/out" - <<'OUT'
ton ha-1 -> 0.0907184740 kg m-2
ppt -> 1e-12
year -> 365.24219878 days
kg C m-2 -> m-2.kg.s.A
mb -> 1e-31 m2
g/100g -> 1e-08 kg2
kg m-2 a-1 -> 0.01 m-4.kg
OUT

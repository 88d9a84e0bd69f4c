"""Two landscapes with a known answer: when does a map predict the change in time?

Use:     python explain.py (needs the extra `explain`); prints predicted / simulated, 1 = space-for-time substitution holds.
"""

import numpy as np
from calcisol.emulator.explain.compare import compare
from calcisol.emulator.explain.space import Survey, fit, importance, shifted

rng = np.random.default_rng(1)
places, history, horizon = 300, 15.0, 5.0  # years of acid behind us, years to forecast
drainage, nitrogen = rng.uniform(0.1, 0.6, places), rng.uniform(50.0, 250.0, places)  # m yr-1, kg N ha-1 yr-1
block = rng.integers(0, 30, places)  # 30 regions: neighbours are not independent samples

# 1: carbonate is in balance with the climate of its place (kg C m-2)
balanced = 8.0 - 8.0 * drainage
# 2: acid has taken carbonate from the same stock everywhere
loss = 0.001 * nitrogen  # kg C m-2 yr-1
eaten = 8.0 - history * loss

for name, sic, predictor, new, simulated in (
    ("balance with climate: drainage falls by a fifth", balanced, "drainage", 0.8 * drainage, 8.0 * 0.2 * drainage),
    ("15 years of acid: no nitrogen for 5 years", eaten, "mineral_n", 0.0 * nitrogen, horizon * loss),
):
    survey = Survey(np.stack([drainage, nitrogen], 1), ("drainage", "mineral_n"), sic, block)
    model = fit("ols", survey)
    predicted = model.predict(shifted(survey, **{predictor: new})) - model.predict(survey.x)
    verdict = compare(predicted, simulated, block)
    cause = max((found := importance("trees", survey)), key=lambda group: found[group])
    print(f"{name}: the map blames {cause}; predicted / simulated = {verdict.ratio:.2f}")

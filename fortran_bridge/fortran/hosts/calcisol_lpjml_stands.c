/* Water and temperature of the soil of an LPJmL cell from those of its stands, for calcisol_lpjml.c. */
#include "lpj.h"

#include "calcisol_lpjml_stands.h"
#include "calcisol_soil.h"

/* Whether LPJmL's own macros can be used on a layer: arithmetic with a missing number may trap. */
static int usable(const Soil *layers, int l) {
  const double numbers[] = {layers->w[l],         layers->w_fw[l],   layers->whcs[l],    layers->wpwps[l],
                            layers->ice_depth[l], layers->ice_fw[l], layers->ice_pwp[l], layers->temp[l]};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i)
    if (calcisol_fit(numbers[i], 1.0) <= CALCISOL_MISSING_VALUE)
      return 0;
  return 1;
}

int calcisol_lpjml_layer(const Cell *cell, int l, double mean[3]) {
  const Stand *stand;
  int s;
  double covered = 0.0;
  mean[0] = mean[1] = mean[2] = 0.0;
  if (cell->skip) /* no list of stands */
    return 0;
  foreachstand(stand, s, cell->standlist) covered = calcisol_plus(covered, calcisol_fit(stand->frac, 1.0));
  if (!(covered > 0.0)) /* a cell without stands waits */
    return 0;
  foreachstand(stand, s, cell->standlist) {
    const double share = stand->frac / covered;
    if (!usable(&stand->soil, l))
      return 0;
    mean[0] += share * allwater((&stand->soil), l);
    mean[1] += share * allice((&stand->soil), l);
    mean[2] += share * (stand->soil.temp[l] + 273.15);
  }
  return 1;
}

double calcisol_lpjml_water(const Cell *cell) {
  double mean[3], sum = 0.0;
  for (int l = 0; l < BOTTOMLAYER; ++l)
    sum = calcisol_lpjml_layer(cell, l, mean) ? calcisol_plus(sum, mean[0] + mean[1]) : CALCISOL_MISSING_VALUE;
  return sum;
}

/* The soil of an LPJmL cell from that of its stands, and the end of its day, for calcisol_lpjml.c. */
#include "lpj.h"

#include <stdlib.h>

#include "calcisol_lpjml_stands.h"

#define DAY 86400.0
#define GRAM 1e-3

static const double missing = CALCISOL_MISSING_VALUE;

calcisol_view calcisol_lpjml_capacity(const double *cec, const double *clay, int ncell) {
  static double *made; /* until the next start */
  calcisol_variable_info of_clay = {0}, of_carbon = {0};
  free(made), made = NULL;
  if (cec != NULL || (made = malloc(((size_t)ncell + 1) * sizeof *made)) == NULL)
    return calcisol_f64(cec, 1, 0);
  calcisol_variable_get(CALCISOL_ROLE_STATIC, CALCISOL_SOIL_CLAY, &of_clay);
  calcisol_variable_get(CALCISOL_ROLE_STATIC, CALCISOL_SOIL_SOC, &of_carbon); /* LPJmL's grid holds none */
  for (int c = 0; c < ncell; ++c)
    made[c] = calcisol_plus(calcisol_fit(clay != NULL ? clay[c] : of_clay.fill, CALCISOL_CEC_PER_CLAY),
                            CALCISOL_CEC_PER_CARBON * of_carbon.fill);
  return calcisol_f64(made, 1, 0);
}

calcisol_view calcisol_lpjml_variable_share(const double *cec_variable) {
  static const double share = CALCISOL_CEC_VARIABLE_SHARE;
  return cec_variable != NULL ? calcisol_f64(cec_variable, 1, 0) : calcisol_f64(&share, 0, 0);
}

/* Whether LPJmL's own macros can be used on a layer: arithmetic with a missing number may trap. */
static int usable(const Soil *layers, int l) {
  const double numbers[] = {layers->w[l],         layers->w_fw[l],   layers->whcs[l],    layers->wpwps[l],
                            layers->ice_depth[l], layers->ice_fw[l], layers->ice_pwp[l], layers->temp[l]};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i)
    if (calcisol_fit(numbers[i], 1.0) <= CALCISOL_MISSING_VALUE)
      return 0;
  return 1;
}

static int has_soil(const Cell *cell) {
  const Stand *stand;
  int s;
  if (cell->skip) /* no list of stands */
    return 0;
  foreachstand(stand, s, cell->standlist) if (stand != NULL) return 1;
  return 0;
}

double calcisol_lpjml_covered(const Cell *cell) {
  const Stand *stand;
  int s;
  double sum = 0.0;
  if (cell->skip) /* no list of stands */
    return 0.0;
  foreachstand(stand, s, cell->standlist) sum = calcisol_plus(sum, calcisol_fit(stand->frac, 1.0));
  return sum > 0.0 ? sum : 0.0;
}

int calcisol_lpjml_layer(const Cell *cell, int l, double mean[3]) {
  const double whole = calcisol_lpjml_covered(cell);
  const Stand *stand;
  int s;
  mean[0] = mean[1] = mean[2] = 0.0;
  if (!(whole > 0.0)) /* it waits */
    return 0;
  foreachstand(stand, s, cell->standlist) {
    const double share = stand->frac / whole;
    if (!usable(&stand->soil, l))
      return 0;
    mean[0] += share * allwater((&stand->soil), l);
    mean[1] += share * allice((&stand->soil), l);
    mean[2] += share * (stand->soil.temp[l] + 273.15);
  }
  return 1;
}

void calcisol_lpjml_holds(const Cell *cell, double held[CALCISOL_LPJML_HELD]) {
  const double whole = calcisol_lpjml_covered(cell);
  double mean[3];
  held[0] = 0.0;
  for (int l = 0; l < BOTTOMLAYER; ++l) {
    const Stand *stand;
    double *nh4 = held + 1 + l, *no3 = nh4 + BOTTOMLAYER;
    int s;
    held[0] = calcisol_lpjml_layer(cell, l, mean) ? calcisol_plus(held[0], mean[0] + mean[1]) : missing;
    *nh4 = *no3 = whole > 0.0 ? 0.0 : missing;
    if (whole > 0.0)
      foreachstand(stand, s, cell->standlist) {
        *nh4 = calcisol_plus(*nh4, calcisol_fit(stand->soil.NH4[l], stand->frac / whole));
        *no3 = calcisol_plus(*no3, calcisol_fit(stand->soil.NO3[l], stand->frac / whole));
      }
  }
}

/* What a pool has gained in a day besides what is told of it, kg m-2 s-1. */
static double gained(double now, double then, double told) {
  return calcisol_plus(calcisol_fit(calcisol_plus(now, calcisol_fit(then, -1.0)), GRAM / DAY),
                       calcisol_fit(told, -1.0));
}

/* Its positive part times factor. */
static double part(double number, double factor) { return number <= missing ? missing : fmax(factor * number, 0.0); }

/* What was told of a cell per area of its soil: lakes and reservoirs are none. */
static void of_soil(calcisol_soil *soil, ptrdiff_t column, double whole) {
  static const int told[] = {CALCISOL_W_SINK, CALCISOL_Q_LAT,    CALCISOL_CO2_SRC,
                             CALCISOL_N_NIT,  CALCISOL_N_UP_NO3, CALCISOL_Q_BOT};
  for (size_t k = 0; k < sizeof told / sizeof *told; ++k)
    for (int l = 0; l < BOTTOMLAYER; ++l) {
      double *sum = soil->forcing[told[k]] + l * soil->ncol + column;
      *sum = calcisol_fit(*sum, 1.0 / whole);
    }
}

void calcisol_lpjml_close(calcisol_soil *soil, ptrdiff_t column, const Cell *cell, double held[CALCISOL_LPJML_HELD]) {
  double now[CALCISOL_LPJML_HELD], mean[3];
  double *drainage = soil->forcing[CALCISOL_Q_BOT] + column; /* so far what has infiltrated */
  double *nitrate = soil->forcing[CALCISOL_DEP_NO3] + column;
  soil->forcing[CALCISOL_ACTIVE][column] = has_soil(cell);
  if (calcisol_lpjml_covered(cell) > 0.0)
    of_soil(soil, column, calcisol_lpjml_covered(cell));
  calcisol_lpjml_holds(cell, now);
  *nitrate = 0.0;
  for (int l = 0; l < BOTTOMLAYER; ++l) {
    const ptrdiff_t at = l * soil->ncol + column;
    const int known = calcisol_lpjml_layer(cell, l, mean), four = 1 + l, three = 1 + BOTTOMLAYER + l;
    const double nitrified = soil->forcing[CALCISOL_N_NIT][at];
    double *taken = soil->forcing[CALCISOL_N_UP_NO3] + at; /* so far what has moved in and out */
    const double nh4 = gained(now[four], held[four], calcisol_fit(nitrified, -1.0));
    const double no3 = gained(now[three], held[three], calcisol_plus(nitrified, *taken));
    soil->forcing[CALCISOL_W_LIQ][at] = known ? mean[0] : missing;
    soil->forcing[CALCISOL_W_ICE][at] = known ? mean[1] : missing;
    soil->forcing[CALCISOL_T_SOIL][at] = known ? mean[2] : missing;
    soil->forcing[CALCISOL_N_MIN][at] = part(nh4, 1.0);
    soil->forcing[CALCISOL_N_UP_NH4][at] = part(nh4, -1.0);
    *taken = part(no3, -1.0);
    *nitrate = calcisol_plus(*nitrate, part(no3, 1.0 / CALCISOL_MOLAR_MASS_N));
    *drainage = calcisol_plus(*drainage, calcisol_fit(soil->forcing[CALCISOL_W_SINK][at], -1.0));
    *drainage = calcisol_plus(*drainage, calcisol_fit(soil->forcing[CALCISOL_Q_LAT][at], -1.0));
  }
  *drainage = calcisol_plus(*drainage, calcisol_fit(calcisol_plus(held[0], calcisol_fit(now[0], -1.0)), 1.0 / DAY));
  memcpy(held, now, sizeof now);
}

calcisol_status calcisol_lpjml_suspension(calcisol_soil *soil, int which, double *top) {
  calcisol_target target[CALCISOL_N_LAB] = {{0}};
  double *ph = malloc(((size_t)soil->ncol * BOTTOMLAYER + 1) * sizeof *ph);
  calcisol_status status = CALCISOL_ERROR_MEMORY;
  if (ph != NULL) {
    target[which] = calcisol_to_f64(ph, 1, soil->ncol);
    status = calcisol_laboratory_ph(soil->columns, target, CALCISOL_N_LAB);
  }
  for (int c = 0; status == CALCISOL_OK && c < soil->ncol; ++c) {
    double below = 300.0; /* mm, of which soildepth takes its part */
    top[c] = 0.0;
    for (int l = 0; l < BOTTOMLAYER && below > 0.0; ++l) {
      const double thick = fmin(soildepth[l], below);
      top[c] = calcisol_plus(top[c], calcisol_fit(ph[l * soil->ncol + c], thick / 300.0));
      below -= thick;
    }
  }
  free(ph);
  return status;
}

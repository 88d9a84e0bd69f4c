/* The adapter of calcisol_lpjml.h: compiled in LPJmL's own tree, against its lpj.h and our calcisol.h. */
#include "lpj.h"

#include "calcisol_lpjml.h"

#define N BOTTOMLAYER
#define DAY 86400.0
#define GRAM 1e-3
#define MOLES_N (GRAM / CALCISOL_MOLAR_MASS_N)
static const struct {
  int variable;
  double unit; /* kg or mol in one of LPJmL's units */
} flows[CALCISOL_LPJML_FLOWS] = {{CALCISOL_W_SINK, 1.0},     {CALCISOL_Q_LAT, 1.0},  {CALCISOL_CO2_SRC, GRAM},
                                 {CALCISOL_N_NIT, GRAM},     {CALCISOL_N_MIN, GRAM}, {CALCISOL_N_UP_NH4, GRAM},
                                 {CALCISOL_N_UP_NO3, GRAM},  {CALCISOL_N_DEN, GRAM}, {CALCISOL_Q_BOT, 1.0},
                                 {CALCISOL_DEP_NH4, MOLES_N}, {CALCISOL_DEP_NO3, MOLES_N}};
static const int water[] = {CALCISOL_W_LIQ, CALCISOL_W_ICE, CALCISOL_T_SOIL};
calcisol_soil calcisol_lpjml_soil;
static calcisol_soil *const soil = &calcisol_lpjml_soil;
static const Cell *first; /* of the grid: a cell's column is its distance from it */
static int use_ph;

static void clear_flows(void) {
  for (int k = 0; soil->on && k < CALCISOL_LPJML_FLOWS; ++k)
    memset(soil->forcing[flows[k].variable], 0, (size_t)soil->ncol * N * sizeof(double));
}

calcisol_status calcisol_lpjml_start(const char *bundle, int feedback, const Cell *grid, int ncell,
                                     const calcisol_lpjml_map *map) {
  calcisol_view properties[CALCISOL_N_STATIC] = {{0}};
  calcisol_status status;
  double thick[N];
  for (int l = 0; l < N; ++l)
    thick[l] = soildepth[l] * 1e-3;
  properties[CALCISOL_SOIL_DZ] = calcisol_f64(thick, 0, 1);
  properties[CALCISOL_SOIL_PH0] = calcisol_f64(&grid->soilph, sizeof(Cell) / sizeof(double), 0);
  if (map->ph0 != NULL)
    properties[CALCISOL_SOIL_PH0] = calcisol_f64(map->ph0, 1, 0);
  properties[CALCISOL_SOIL_CACO3] = calcisol_f64(map->caco3, 1, 0);
  properties[CALCISOL_SOIL_CLAY] = calcisol_f64(map->clay, 1, 0);
  properties[CALCISOL_SOIL_CEC] = calcisol_f64(map->cec, 1, 0);
  properties[CALCISOL_SOIL_CEC_VARIABLE] = calcisol_f64(map->cec_variable, 1, 0);
  first = grid, use_ph = feedback;
  status = calcisol_soil_start(soil, bundle, ncell, N, properties);
  if (status != CALCISOL_OK || !soil->on)
    return status;
  for (int k = 0; k < CALCISOL_LPJML_FLOWS + 3; ++k)
    if (calcisol_soil_forcing(soil, k < 3 ? water[k] : flows[k - 3].variable) == NULL)
      return CALCISOL_ERROR_MEMORY;
  clear_flows(); /* they start at the library's defaults */
  return calcisol_soil_output(soil, CALCISOL_OUT_PH_TOP) == NULL ? CALCISOL_ERROR_MEMORY : CALCISOL_OK;
}

static const double missing = CALCISOL_MISSING_VALUE;

/* a + b; missing with anything is missing. */
static double plus(double a, double b) { return a <= missing || b <= missing ? missing : a + b; }

void calcisol_lpjml_add(const Cell *cell, enum calcisol_lpjml_flow flow, int layer, double amount) {
  const ptrdiff_t column = cell - first;
  double *sum;
  if (!soil->on || column < 0 || column >= soil->ncol || layer < 0 || layer >= N)
    return;
  sum = soil->forcing[flows[flow].variable] + layer * soil->ncol + column;
  *sum = plus(*sum, calcisol_fit(amount, flows[flow].unit / DAY));
}

/* Whether LPJmL's own macros can be used on a layer: arithmetic with a missing number may trap. */
static int usable(const Soil *layers, int l) {
  const double numbers[] = {layers->w[l],         layers->w_fw[l],   layers->whcs[l],    layers->wpwps[l],
                            layers->ice_depth[l], layers->ice_fw[l], layers->ice_pwp[l], layers->temp[l]};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i)
    if (calcisol_fit(numbers[i], 1.0) <= missing)
      return 0;
  return 1;
}

void calcisol_lpjml_gather(const Cell *cell) {
  const Stand *stand;
  int s;
  double covered = 0.0;
  if (!soil->on)
    return;
  foreachstand(stand, s, cell->standlist) covered = plus(covered, calcisol_fit(stand->frac, 1.0));
  for (int l = 0; l < N; ++l) {
    double *liquid = soil->forcing[CALCISOL_W_LIQ] + l * soil->ncol + (cell - first);
    double *ice = soil->forcing[CALCISOL_W_ICE] + l * soil->ncol + (cell - first);
    double *kelvin = soil->forcing[CALCISOL_T_SOIL] + l * soil->ncol + (cell - first);
    *liquid = *ice = *kelvin = covered > 0.0 ? 0.0 : missing; /* a cell without stands waits */
    if (!(covered > 0.0))
      continue;
    foreachstand(stand, s, cell->standlist) {
      const double share = stand->frac / covered;
      if (!usable(&stand->soil, l)) {
        *liquid = *ice = *kelvin = missing;
        break;
      }
      *liquid += share * allwater((&stand->soil), l);
      *ice += share * allice((&stand->soil), l);
      *kelvin += share * (stand->soil.temp[l] + 273.15);
    }
  }
}

calcisol_status calcisol_lpjml_step(void) {
  const calcisol_status status = calcisol_soil_step(soil, DAY);
  clear_flows();
  return status;
}

double calcisol_lpjml_ph(const Cell *cell) {
  const double ph = soil->on && use_ph ? calcisol_fit(soil->output[CALCISOL_OUT_PH_TOP][cell - first], 1.0) : -1.0;
  return ph > 0.0 ? ph : cell->soilph;
}

double calcisol_lpjml_co2(const Cell *cell) {
  const double adjustment = soil->on ? calcisol_fit(soil->output[CALCISOL_OUT_CO2_ADJ][cell - first], 1.0) : 0.0;
  return adjustment <= missing ? 0.0 : adjustment * DAY / GRAM;
}

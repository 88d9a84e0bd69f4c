/* The adapter of calcisol_lpjml.h: compiled in LPJmL's own tree, against its lpj.h and our calcisol.h. */
#include "lpj.h"

#include "calcisol_lpjml.h"
#include "calcisol_lpjml_stands.h"

#define N BOTTOMLAYER
#define DAY 86400.0
#define GRAM 1e-3
#define MOLES_N (GRAM / CALCISOL_MOLAR_MASS_N)
static const struct {
  int variable;
  double unit; /* kg or mol in one of LPJmL's units */
} flows[CALCISOL_LPJML_FLOWS] = {
    [CALCISOL_LPJML_SINK] = {CALCISOL_W_SINK, 1.0},         [CALCISOL_LPJML_LATERAL] = {CALCISOL_Q_LAT, 1.0},
    [CALCISOL_LPJML_RESP] = {CALCISOL_CO2_SRC, GRAM},       [CALCISOL_LPJML_NIT] = {CALCISOL_N_NIT, GRAM},
    [CALCISOL_LPJML_MIN] = {CALCISOL_N_MIN, GRAM},          [CALCISOL_LPJML_UP_NH4] = {CALCISOL_N_UP_NH4, GRAM},
    [CALCISOL_LPJML_UP_NO3] = {CALCISOL_N_UP_NO3, GRAM},    [CALCISOL_LPJML_DEN] = {CALCISOL_N_DEN, GRAM},
    [CALCISOL_LPJML_INFIL] = {CALCISOL_Q_BOT, 1.0}, /* until the end of the day; then it is drainage */
    [CALCISOL_LPJML_DEP_NH4] = {CALCISOL_DEP_NH4, MOLES_N}, [CALCISOL_LPJML_DEP_NO3] = {CALCISOL_DEP_NO3, MOLES_N}};
static const int water[] = {CALCISOL_W_LIQ, CALCISOL_W_ICE, CALCISOL_T_SOIL};
calcisol_soil calcisol_lpjml_soil;
static calcisol_soil *const soil = &calcisol_lpjml_soil;
static const Cell *first; /* of the grid: a cell's column is its distance from it */
static int use_ph;
static double *before;                        /* water of each column at the end of its last day */
static double saved[CALCISOL_LPJML_FLOWS][N]; /* what save keeps, of one cell: LPJmL does them one after another */

static void clear_flows(void) {
  for (int k = 0; soil->on && k < CALCISOL_LPJML_FLOWS; ++k)
    memset(soil->forcing[flows[k].variable], 0, (size_t)soil->ncol * N * sizeof(double));
}

static const double missing = CALCISOL_MISSING_VALUE;

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
  free(before);
  before = malloc(((size_t)ncell + 1) * sizeof *before);
  for (int c = 0; before != NULL && c < ncell; ++c) /* the water LPJmL starts with, or that of its restart */
    before[c] = calcisol_lpjml_water(grid + c);
  if (before == NULL)
    return CALCISOL_ERROR_MEMORY;
  return calcisol_soil_output(soil, CALCISOL_OUT_PH_TOP) == NULL ? CALCISOL_ERROR_MEMORY : CALCISOL_OK;
}

/* Column of a cell; -1 where calcisol is off and for what is no cell of the grid. */
static ptrdiff_t column_of(const Cell *cell) {
  const ptrdiff_t column = soil->on ? cell - first : -1;
  return column < soil->ncol ? column : -1;
}

void calcisol_lpjml_add(const Cell *cell, enum calcisol_lpjml_flow flow, int layer, double amount) {
  const ptrdiff_t column = column_of(cell);
  double *sum;
  if (column < 0 || layer < 0 || layer >= N)
    return;
  sum = soil->forcing[flows[flow].variable] + layer * soil->ncol + column;
  *sum = calcisol_plus(*sum, calcisol_fit(amount, flows[flow].unit / DAY));
}

/* What was added to a cell so far: out to saved, or back from it. */
static void keep(const Cell *cell, int back) {
  const ptrdiff_t column = column_of(cell);
  for (int k = 0; column >= 0 && k < CALCISOL_LPJML_FLOWS; ++k)
    for (int l = 0; l < (k < CALCISOL_LPJML_INFIL ? N : 1); ++l) {
      double *sum = soil->forcing[flows[k].variable] + l * soil->ncol + column;
      if (back)
        *sum = saved[k][l];
      else
        saved[k][l] = *sum;
    }
}

void calcisol_lpjml_save(const Cell *cell) { keep(cell, 0); }

void calcisol_lpjml_undo(const Cell *cell) { keep(cell, 1); }

void calcisol_lpjml_gather(const Cell *cell) {
  const ptrdiff_t column = column_of(cell);
  double mean[3], now, *drainage;
  if (column < 0)
    return;
  drainage = soil->forcing[CALCISOL_Q_BOT] + column; /* so far what has infiltrated */
  for (int l = 0; l < N; ++l) {
    const ptrdiff_t at = l * soil->ncol + column;
    const int known = calcisol_lpjml_layer(cell, l, mean);
    for (int k = 0; k < 3; ++k)
      soil->forcing[water[k]][at] = known ? mean[k] : missing;
    *drainage = calcisol_plus(*drainage, calcisol_fit(soil->forcing[CALCISOL_W_SINK][at], -1.0));
    *drainage = calcisol_plus(*drainage, calcisol_fit(soil->forcing[CALCISOL_Q_LAT][at], -1.0));
  }
  now = calcisol_lpjml_water(cell);
  *drainage = calcisol_plus(*drainage, calcisol_fit(calcisol_plus(before[column], calcisol_fit(now, -1.0)), 1.0 / DAY));
  before[column] = now;
}

calcisol_status calcisol_lpjml_step(void) {
  const calcisol_status status = calcisol_soil_step(soil, DAY);
  clear_flows();
  return status;
}

double calcisol_lpjml_ph(const Cell *cell) {
  const ptrdiff_t column = column_of(cell);
  const double ph = column >= 0 && use_ph ? calcisol_fit(soil->output[CALCISOL_OUT_PH_TOP][column], 1.0) : -1.0;
  return ph > 0.0 ? ph : cell->soilph;
}

double calcisol_lpjml_co2(const Cell *cell) {
  const ptrdiff_t column = column_of(cell);
  const double adjustment = column >= 0 ? calcisol_fit(soil->output[CALCISOL_OUT_CO2_ADJ][column], 1.0) : 0.0;
  return adjustment <= missing ? 0.0 : adjustment * DAY / GRAM;
}

/* The adapter of calcisol_lpjml.h: compiled in LPJmL's own tree, against its lpj.h and our calcisol.h. */
#include "lpj.h"

#include "calcisol_lpjml.h"
#include "calcisol_lpjml_stands.h"

#define N BOTTOMLAYER
#define DAY 86400.0
#define GRAM 1e-3
static const double missing = CALCISOL_MISSING_VALUE;
static const struct {
  int variable;
  double unit; /* kg or mol in one of LPJmL's units */
} flows[CALCISOL_LPJML_FLOWS] = {
    [CALCISOL_LPJML_SINK] = {CALCISOL_W_SINK, 1.0},     [CALCISOL_LPJML_LATERAL] = {CALCISOL_Q_LAT, 1.0},
    [CALCISOL_LPJML_RESP] = {CALCISOL_CO2_SRC, GRAM},   [CALCISOL_LPJML_NIT] = {CALCISOL_N_NIT, GRAM},
    [CALCISOL_LPJML_MOVED] = {CALCISOL_N_UP_NO3, GRAM}, /* until the end of the day; then it is uptake */
    [CALCISOL_LPJML_INFIL] = {CALCISOL_Q_BOT, 1.0}};    /* then it is drainage */
/* At the end of a day: contents, and what closes the host's pools of nitrogen. */
static const int at_its_end[] = {CALCISOL_W_LIQ, CALCISOL_W_ICE,    CALCISOL_T_SOIL,
                                 CALCISOL_N_MIN, CALCISOL_N_UP_NH4, CALCISOL_DEP_NO3, CALCISOL_ACTIVE};
calcisol_soil calcisol_lpjml_soil;
static calcisol_soil *const soil = &calcisol_lpjml_soil;
static const Cell *first; /* of the grid: a cell's column is its distance from it */
static calcisol_lpjml_reads reads;
static double *suspension; /* pH of each column, where the host reads that */
static double (*before)[CALCISOL_LPJML_HELD]; /* by each column at the end of its last day */
static double saved[CALCISOL_LPJML_FLOWS][N]; /* what save keeps, of one cell: LPJmL does them one after another */

static void clear_flows(void) {
  for (int k = 0; soil->on && k < CALCISOL_LPJML_FLOWS; ++k)
    memset(soil->forcing[flows[k].variable], 0, (size_t)soil->ncol * N * sizeof(double));
}

calcisol_status calcisol_lpjml_start(const char *bundle, calcisol_lpjml_reads feedback, const Cell *grid, int ncell,
                                     const calcisol_lpjml_map *map) {
  calcisol_view properties[CALCISOL_N_STATIC] = {{0}};
  calcisol_status status;
  double thick[N];
  for (int l = 0; l < N; ++l)
    thick[l] = soildepth[l] * 1e-3;
  properties[CALCISOL_SOIL_DZ] = calcisol_f64(thick, 0, 1);
  properties[CALCISOL_SOIL_PH0] = map->ph0 != NULL ? calcisol_f64(map->ph0, 1, 0)
                                                   : calcisol_f64(&grid->soilph, sizeof(Cell) / sizeof(double), 0);
  properties[CALCISOL_SOIL_CACO3] = calcisol_f64(map->caco3, 1, 0);
  properties[CALCISOL_SOIL_CLAY] = calcisol_f64(map->clay, 1, 0);
  properties[CALCISOL_SOIL_CEC] = calcisol_lpjml_capacity(map->cec, map->clay, ncell);
  properties[CALCISOL_SOIL_CEC_VARIABLE] = calcisol_lpjml_variable_share(map->cec_variable);
  first = soil->on ? first : grid, reads = soil->on ? reads : feedback; /* a second start is refused */
  status = calcisol_soil_start(soil, bundle, ncell, N, properties);
  if (status != CALCISOL_OK || !soil->on)
    return status;
  for (int k = 0; k < CALCISOL_LPJML_FLOWS; ++k)
    if (calcisol_soil_forcing(soil, flows[k].variable) == NULL)
      return CALCISOL_ERROR_MEMORY;
  for (size_t k = 0; k < sizeof at_its_end / sizeof *at_its_end; ++k)
    if (calcisol_soil_forcing(soil, at_its_end[k]) == NULL)
      return CALCISOL_ERROR_MEMORY;
  clear_flows(); /* they start at the library's defaults */
  free(before), free(suspension);
  before = malloc(((size_t)ncell + 1) * sizeof *before);
  suspension = calloc((size_t)ncell + 1, sizeof *suspension); /* 0 is no pH yet */
  if (before == NULL || suspension == NULL || calcisol_soil_output(soil, CALCISOL_OUT_PH_TOP) == NULL)
    return CALCISOL_ERROR_MEMORY;
  for (int c = 0; c < ncell; ++c) /* what LPJmL starts with, or that of its restart */
    calcisol_lpjml_holds(grid + c, before[c]);
  return CALCISOL_OK;
}

/* Column of a cell; -1 where calcisol is off and for what is no cell of the grid. */
static ptrdiff_t column_of(const Cell *cell) {
  const ptrdiff_t column = soil->on ? cell - first : -1;
  return column < soil->ncol ? column : -1;
}

void calcisol_lpjml_add(const Stand *stand, calcisol_lpjml_flow flow, int layer, double amount) {
  const ptrdiff_t column = column_of(stand->cell);
  const double share = calcisol_fit(stand->frac, flows[flow].unit / DAY);
  const int inside = column >= 0 && layer >= 0 && layer < N;
  double *sum = inside ? soil->forcing[flows[flow].variable] + layer * soil->ncol + column : NULL;
  if (sum != NULL)
    *sum = calcisol_plus(*sum, share <= missing ? missing : calcisol_fit(amount, share));
}

void calcisol_lpjml_roots(const Pft *pft, double respired) {
  const double amount = calcisol_fit(respired, 1.0);
  int l;
  forrootsoillayer(l) calcisol_lpjml_add(pft->stand, CALCISOL_LPJML_RESP, l,
                                         amount <= missing ? amount : calcisol_fit(pft->par->rootdist[l], amount));
}

void calcisol_lpjml_nitrate(const Stand *stand, int sign) {
  for (int l = 0; l < N; ++l)
    calcisol_lpjml_add(stand, CALCISOL_LPJML_MOVED, l, calcisol_fit(stand->soil.NO3[l], sign));
}

/* What was added to a cell so far: out to saved, or back from it. */
static void keep(const Cell *cell, int back) {
  const ptrdiff_t column = column_of(cell);
  for (int k = 0; column >= 0 && k < CALCISOL_LPJML_FLOWS; ++k)
    for (int l = 0; l < N; ++l) {
      double *sum = soil->forcing[flows[k].variable] + l * soil->ncol + column;
      *(back ? sum : &saved[k][l]) = back ? saved[k][l] : *sum;
    }
}

void calcisol_lpjml_save(const Cell *cell) { keep(cell, 0); }
void calcisol_lpjml_undo(const Cell *cell) { keep(cell, 1); }

void calcisol_lpjml_gather(const Cell *cell) {
  if (column_of(cell) >= 0)
    calcisol_lpjml_close(soil, column_of(cell), cell, before[column_of(cell)]);
}

calcisol_status calcisol_lpjml_step(void) {
  const int which = reads == CALCISOL_LPJML_READS_H2O ? CALCISOL_LAB_PH_H2O : CALCISOL_LAB_PH_CACL2;
  calcisol_status status = calcisol_soil_step(soil, DAY);
  if (status == CALCISOL_OK && soil->on && reads >= CALCISOL_LPJML_READS_H2O)
    status = calcisol_lpjml_suspension(soil, which, suspension);
  clear_flows();
  return status;
}

double calcisol_lpjml_ph(const Cell *cell) {
  const ptrdiff_t column = column_of(cell);
  const double *top = reads >= CALCISOL_LPJML_READS_H2O ? suspension : soil->output[CALCISOL_OUT_PH_TOP];
  const double ph = column >= 0 && reads != CALCISOL_LPJML_READS_NONE ? calcisol_fit(top[column], 1.0) : -1.0;
  return ph > 0.0 ? ph : cell->soilph;
}

double calcisol_lpjml_co2(const Cell *cell) {
  const ptrdiff_t column = column_of(cell);
  const double adjustment = column >= 0 ? calcisol_fit(soil->output[CALCISOL_OUT_CO2_ADJ][column], 1.0) : 0.0;
  return adjustment <= missing ? 0.0 : calcisol_lpjml_covered(cell) * adjustment * DAY / GRAM;
}

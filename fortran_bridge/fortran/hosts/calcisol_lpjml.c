/* The adapter of calcisol_lpjml.h: compiled in LPJmL's own tree, against its lpj.h and our calcisol.h. */
#include "lpj.h"

#include "calcisol_lpjml.h"

#define N BOTTOMLAYER
static const double day = 86400.0, gram = 1e-3, molar_mass_n = 0.014007;
static const int variable[CALCISOL_LPJML_FLOWS] = { /* of each flow; the last three per cell */
    CALCISOL_W_SINK,   CALCISOL_Q_LAT, CALCISOL_CO2_SRC, CALCISOL_N_NIT,   CALCISOL_N_MIN,
    CALCISOL_N_UP_NO3, CALCISOL_N_DEN, CALCISOL_Q_BOT,   CALCISOL_DEP_NH4, CALCISOL_DEP_NO3};
static const int water[3] = {CALCISOL_W_LIQ, CALCISOL_W_ICE, CALCISOL_T_SOIL};
static calcisol_model *model;
static calcisol_columns *soil;
static int n, use_ph;
static double *flow, *field, *sic, *dic; /* [kind][layer][cell]; sic and dic [layer][cell] */
static double *ph_top, *adjustment, *leached, *before; /* [cell]; before: carbon at the end of the last step, 0: not known */
static calcisol_view in[CALCISOL_N_FORCING];
static calcisol_target out[CALCISOL_N_OUTPUT];

static double *at(double *base, int kind, int layer) { return base + ((size_t)kind * N + (size_t)layer) * (size_t)n; }

calcisol_status calcisol_lpjml_start(const char *bundle, int feedback, int ncell, const double *ph, const double *caco3) {
  calcisol_view fixed[CALCISOL_N_STATIC] = {{0}};
  double thick[N];
  calcisol_status status;
  if (bundle == NULL || *bundle == '\0')
    return CALCISOL_OK;
  n = ncell, use_ph = feedback;
  flow = calloc((size_t)n * N * (CALCISOL_LPJML_FLOWS + 3 + 2 + 1) + 1, sizeof(double));
  if (flow == NULL)
    return CALCISOL_ERROR_MEMORY;
  field = at(flow, CALCISOL_LPJML_FLOWS, 0), sic = at(field, 3, 0), dic = at(field, 4, 0), ph_top = at(field, 5, 0);
  adjustment = ph_top + n, leached = ph_top + 2 * n, before = ph_top + 3 * n;
  for (int l = 0; l < N; ++l)
    thick[l] = soildepth[l] * 1e-3;
  fixed[CALCISOL_SOIL_DZ] = calcisol_f64(thick, 0, 1);
  fixed[CALCISOL_SOIL_PH0] = calcisol_f64(ph, 1, 0);
  fixed[CALCISOL_SOIL_CACO3] = calcisol_f64(caco3, 1, 0);
  for (int k = 0; k < CALCISOL_LPJML_FLOWS; ++k)
    in[variable[k]] = calcisol_f64(at(flow, k, 0), 1, n);
  for (int k = 0; k < 3; ++k)
    in[water[k]] = calcisol_f64(at(field, k, 0), 1, n);
  out[CALCISOL_OUT_SIC] = calcisol_to_f64(sic, 1, n), out[CALCISOL_OUT_DIC] = calcisol_to_f64(dic, 1, n);
  out[CALCISOL_OUT_PH_TOP] = calcisol_to_f64(ph_top, 1, 0);
  out[CALCISOL_OUT_CO2_ADJ] = calcisol_to_f64(adjustment, 1, 0);
  out[CALCISOL_OUT_DIC_LEACH] = calcisol_to_f64(leached, 1, 0);
  status = calcisol_open(bundle, NULL, &model);
  return status ? status : calcisol_columns_create(model, n, N, fixed, CALCISOL_N_STATIC, NULL, &soil);
}

void calcisol_lpjml_add(int cell, enum calcisol_lpjml_flow kind, int layer, double amount) {
  const int is_water = kind == CALCISOL_LPJML_SINK || kind == CALCISOL_LPJML_LATERAL || kind == CALCISOL_LPJML_BOTTOM;
  const double unit = is_water ? 1.0 : kind > CALCISOL_LPJML_BOTTOM ? gram / molar_mass_n : gram;
  if (soil != NULL)
    at(flow, kind, layer)[cell] += amount * unit / day;
}

void calcisol_lpjml_gather(int cell, const Cell *grid) {
  const Stand *stand;
  int s;
  double covered = 0.0, sum[3][N] = {{0}};
  if (soil == NULL)
    return;
  foreachstand(stand, s, grid->standlist) {
    covered += stand->frac;
    for (int l = 0; l < N; ++l) {
      sum[0][l] += stand->frac * allwater((&stand->soil), l);
      sum[1][l] += stand->frac * allice((&stand->soil), l);
      sum[2][l] += stand->frac * (stand->soil.temp[l] + 273.15);
    }
  }
  for (int k = 0; k < 3; ++k)
    for (int l = 0; l < N; ++l) /* a cell without stands waits */
      at(field, k, l)[cell] = covered > 0.0 ? sum[k][l] / covered : -9999.0;
}

calcisol_status calcisol_lpjml_step(double *residual) {
  calcisol_status status = CALCISOL_OK;
  *residual = 0.0;
  if (soil != NULL)
    status = calcisol_step(soil, day, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL);
  for (int c = 0; soil != NULL && status == CALCISOL_OK && c < n; ++c) {
    double stock = 0.0, crossed = day * (adjustment[c] + leached[c]);
    for (int l = 0; l < N; ++l)
      stock += at(sic, 0, l)[c] + at(dic, 0, l)[c];
    if (before[c] > 0.0 && !isnan(stock)) /* relative to the throughput, at least a thousandth of the stock */
      *residual = fmax(*residual, fabs(stock - before[c] + crossed) / fmax(fabs(crossed), 1e-3 * stock));
    before[c] = isnan(stock) ? before[c] : stock;
  }
  if (soil != NULL)
    memset(flow, 0, (size_t)n * N * CALCISOL_LPJML_FLOWS * sizeof(double));
  return status;
}

double calcisol_lpjml_ph(int cell, double own) { return soil && use_ph && ph_top[cell] > 0.0 ? ph_top[cell] : own; }

double calcisol_lpjml_co2(int cell) { return soil && !isnan(adjustment[cell]) ? adjustment[cell] * day / gram : 0.0; }

calcisol_status calcisol_lpjml_state(double *values, int put) {
  calcisol_status status = soil == NULL ? CALCISOL_ERROR_STATE : CALCISOL_OK;
  for (int k = 0; status == CALCISOL_OK && k < CALCISOL_N_STATE; ++k) {
    double *slot = values + (size_t)k * N * (size_t)n;
    const calcisol_view from = calcisol_f64(slot, 1, n);
    const calcisol_target to = calcisol_to_f64(slot, 1, n);
    status = put ? calcisol_state_set(soil, k, &from) : calcisol_state_get(soil, k, &to);
  }
  return status;
}

void calcisol_lpjml_finish(void) {
  calcisol_columns_free(&soil);
  calcisol_close(&model);
  free(flow);
  flow = NULL;
}

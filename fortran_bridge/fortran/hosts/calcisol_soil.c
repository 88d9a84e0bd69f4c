/* The soil of calcisol_soil.h. The budget is the law of calcisol_balance.f90 and coupler/offline/budget.py. */
#include "calcisol_soil.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* kg mol-1, as emulator/chemistry/constants.py; with another value the check against the states would not close */
static const double molar_mass_c = 0.012011, molar_mass_n = 0.014007, caco3 = 0.1000869;
static const double missing = -9999.0, round_off = 1e-3, least = 1e-30; /* a stock is known to its last digits only */

/* An array of all layers and columns, filled with value. */
static double *filled(const calcisol_soil *soil, double value) {
  const size_t cells = (size_t)soil->ncol * (size_t)soil->nlay;
  double *array = malloc((cells + 1) * sizeof *array);
  for (size_t i = 0; array != NULL && i < cells; ++i)
    array[i] = value;
  return array;
}

double *calcisol_soil_forcing(calcisol_soil *soil, int variable) {
  calcisol_variable_info info;
  if (!soil->on || soil->forcing[variable] != NULL)
    return soil->forcing[variable];
  if (calcisol_variable_get(CALCISOL_ROLE_FORCING, variable, &info) == CALCISOL_OK)
    soil->forcing[variable] = filled(soil, info.required ? missing : info.fill);
  soil->in[variable] = calcisol_f64(soil->forcing[variable], 1, soil->ncol);
  return soil->forcing[variable];
}

double *calcisol_soil_output(calcisol_soil *soil, int variable) {
  if (soil->on && soil->output[variable] == NULL) {
    soil->output[variable] = filled(soil, missing);
    soil->out[variable] = calcisol_to_f64(soil->output[variable], 1, soil->ncol);
  }
  return soil->output[variable];
}

calcisol_status calcisol_soil_start(calcisol_soil *soil, const char *bundle, int ncol, int nlay,
                                    const calcisol_view *properties) {
  static const int budget[] = {CALCISOL_OUT_CO2_ADJ, CALCISOL_OUT_DIC_LEACH, CALCISOL_OUT_CA_LEACH,
                               CALCISOL_OUT_CA_SINK, CALCISOL_OUT_NO3_LEACH, CALCISOL_OUT_NH4_LEACH,
                               CALCISOL_OUT_N_SINK};
  calcisol_status status;
  memset(soil, 0, sizeof *soil);
  if (bundle == NULL || *bundle == '\0')
    return CALCISOL_OK;
  status = calcisol_open(bundle, NULL, &soil->model);
  if (status == CALCISOL_OK)
    status = calcisol_columns_create(soil->model, ncol, nlay, properties, CALCISOL_N_STATIC, NULL, &soil->columns);
  if (status != CALCISOL_OK)
    return status;
  soil->on = 1, soil->ncol = ncol, soil->nlay = nlay;
  soil->report.struct_size = sizeof soil->report;
  soil->stock = calloc((size_t)ncol * 3 + 1, sizeof(double));
  soil->slots = calloc((size_t)ncol * (size_t)nlay * 5 + 1, sizeof(double));
  for (size_t i = 0; i < sizeof budget / sizeof *budget; ++i)
    if (calcisol_soil_output(soil, budget[i]) == NULL)
      status = CALCISOL_ERROR_MEMORY;
  for (int i = 0; soil->stock != NULL && i < 3 * ncol; ++i)
    soil->stock[i] = -1.0;
  return soil->stock != NULL && soil->slots != NULL ? status : CALCISOL_ERROR_MEMORY;
}

/* Carbon, calcium and nitrogen of a column [mol m-2] from the slots read; negative where it has no state yet. */
static void stocks_of(const calcisol_soil *soil, int c, double stock[3]) {
  const size_t cells = (size_t)soil->ncol * (size_t)soil->nlay;
  stock[0] = stock[1] = stock[2] = 0.0;
  for (size_t i = (size_t)c; i < cells; i += (size_t)soil->ncol) {
    const double *calcite = soil->slots + i, *dic = calcite + cells, *ca = dic + cells, *nh4 = ca + cells,
                 *no3 = nh4 + cells;
    stock[0] += *calcite + *dic, stock[1] += *calcite + *ca, stock[2] += *nh4 + *no3;
  }
}

static void read_slots(calcisol_soil *soil) {
  static const int slot[5] = {CALCISOL_STATE_CALCITE, CALCISOL_STATE_DIC, CALCISOL_STATE_CA, CALCISOL_STATE_NH4,
                              CALCISOL_STATE_NO3};
  for (int k = 0; k < 5; ++k) {
    const calcisol_target to =
        calcisol_to_f64(soil->slots + (size_t)k * (size_t)soil->ncol * (size_t)soil->nlay, 1, soil->ncol);
    calcisol_state_get(soil->columns, slot[k], &to);
  }
}

static double given(const calcisol_soil *soil, int variable, int i) {
  return soil->forcing[variable] == NULL ? 0.0 : soil->forcing[variable][i];
}

/* Largest relative residual of a column's three budgets, into soil->residual; its stocks become those of now. */
static void check_column(calcisol_soil *soil, double dt, int c) {
  const double adjustment = soil->output[CALCISOL_OUT_CO2_ADJ][c];
  double after[3], flux[3] = {0}, through[3] = {0};
  stocks_of(soil, c, after);
  if (!isnan(adjustment) && adjustment > missing) { /* else it was not stepped */
    const double lime = given(soil, CALCISOL_LIME, c) / caco3, leached = soil->output[CALCISOL_OUT_DIC_LEACH][c];
    const double ca = soil->output[CALCISOL_OUT_CA_LEACH][c], sunk = soil->output[CALCISOL_OUT_CA_SINK][c];
    const double n_out = (soil->output[CALCISOL_OUT_N_SINK][c] + soil->output[CALCISOL_OUT_NO3_LEACH][c] +
                          soil->output[CALCISOL_OUT_NH4_LEACH][c]) /
                         molar_mass_n;
    double n_in = given(soil, CALCISOL_DEP_NH4, c) + given(soil, CALCISOL_DEP_NO3, c);
    for (int l = 0; l < soil->nlay; ++l)
      n_in += given(soil, CALCISOL_N_MIN, l * soil->ncol + c) / molar_mass_n;
    flux[0] = lime - (adjustment + leached) / molar_mass_c,
    through[0] = lime + (fabs(adjustment) + fabs(leached)) / molar_mass_c;
    flux[1] = lime - ca - sunk, through[1] = lime + fabs(ca) + fabs(sunk);
    flux[2] = n_in - n_out, through[2] = fabs(n_in) + fabs(n_out);
  }
  for (int q = 0; q < 3; ++q) {
    double *before = soil->stock + q * soil->ncol + c;
    if (*before >= 0.0 && after[q] >= 0.0)
      soil->residual[q] = fmax(soil->residual[q], fabs(after[q] - *before - dt * flux[q]) /
                                                      fmax(dt * through[q], fmax(round_off * *before, least)));
    *before = after[q];
  }
}

calcisol_status calcisol_soil_step(calcisol_soil *soil, double dt) {
  calcisol_status status;
  if (!soil->on)
    return CALCISOL_OK;
  for (int c = 0; c < soil->ncol; ++c) /* the library writes nothing for inactive columns */
    soil->output[CALCISOL_OUT_CO2_ADJ][c] = missing;
  status =
      calcisol_step(soil->columns, dt, soil->in, CALCISOL_N_FORCING, soil->out, CALCISOL_N_OUTPUT, NULL, &soil->report);
  if (status != CALCISOL_OK)
    return status;
  soil->steps += 1;
  memset(soil->residual, 0, sizeof soil->residual);
  read_slots(soil);
  for (int c = 0; c < soil->ncol; ++c)
    check_column(soil, dt, c);
  for (int q = 0; q < 3; ++q)
    soil->worst[q] = fmax(soil->worst[q], soil->residual[q]);
  return CALCISOL_OK;
}

void calcisol_soil_line(const calcisol_soil *soil, char *line, size_t size) {
  snprintf(line, size,
           "calcisol step %lld residual C %.1e Ca %.1e N %.1e stepped %lld invalid %lld clipped cells %lld "
           "fallback cells %lld",
           (long long)soil->steps, soil->residual[0], soil->residual[1], soil->residual[2],
           (long long)soil->report.columns_stepped, (long long)soil->report.columns_invalid,
           (long long)soil->report.cells_clipped, (long long)soil->report.cells_fallback);
}

calcisol_status calcisol_soil_state(calcisol_soil *soil, double *values, int put) {
  calcisol_status status = soil->on ? CALCISOL_OK : CALCISOL_ERROR_STATE;
  for (int k = 0; status == CALCISOL_OK && k < CALCISOL_N_STATE; ++k) {
    double *slot = values + (size_t)k * (size_t)soil->nlay * (size_t)soil->ncol;
    const calcisol_view from = calcisol_f64(slot, 1, soil->ncol);
    const calcisol_target to = calcisol_to_f64(slot, 1, soil->ncol);
    status = put ? calcisol_state_set(soil->columns, k, &from) : calcisol_state_get(soil->columns, k, &to);
  }
  if (status == CALCISOL_OK && put) {
    read_slots(soil);
    for (int c = 0; c < soil->ncol; ++c) {
      double stock[3];
      stocks_of(soil, c, stock);
      for (int q = 0; q < 3; ++q)
        soil->stock[q * soil->ncol + c] = stock[q];
    }
  }
  return status;
}

void calcisol_soil_finish(calcisol_soil *soil) {
  calcisol_columns_free(&soil->columns);
  calcisol_close(&soil->model);
  for (int k = 0; k < CALCISOL_N_FORCING; ++k)
    free(soil->forcing[k]);
  for (int k = 0; k < CALCISOL_N_OUTPUT; ++k)
    free(soil->output[k]);
  free(soil->stock);
  free(soil->slots);
  memset(soil, 0, sizeof *soil);
}

/* The soil of calcisol_soil.h. The budget is the law of calcisol_balance.f90 and coupler/offline/budget.py. */
#include "calcisol_soil.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE = 10 }; /* steps after which a soil that was never stepped is an error */
static const double missing = CALCISOL_MISSING_VALUE;
static const double round_off = 1e-3, least = 1e-30; /* a stock is known to its last digits only */

static _Thread_local const char *sentence; /* of an error found here; NULL: the library's */

const char *calcisol_soil_error(void) { return sentence != NULL ? sentence : calcisol_last_error(); }

static calcisol_status refuse(const char *text, calcisol_status status) {
  sentence = text;
  return status;
}

double calcisol_fit(double value, double factor) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits); /* comparing a signalling NaN would trap */
  if ((bits & 0x7FF0000000000000u) == 0x7FF0000000000000u || fabs(value) >= CALCISOL_MISSING_FROM || value == missing)
    return missing;
  return value * factor;
}

double calcisol_plus(double a, double b) { return a <= missing || b <= missing ? missing : a + b; }

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

/* Text of a key of the bundle's contract, copied to the end of line. */
static void append_entry(char *line, size_t size, const char *before, const char *contract, const char *key, int most) {
  const char *at = contract != NULL ? strstr(contract, key) : NULL;
  const size_t used = strlen(line);
  if (at == NULL)
    return;
  at += strlen(key);
  snprintf(line + used, size - used, "%s%.*s", before, strcspn(at, "\"") < (size_t)most ? (int)strcspn(at, "\"") : most,
           at);
}

/* One number for the soil properties of each column: another map gives another. */
static void take_fingerprint(calcisol_soil *soil, const calcisol_view *properties) {
  for (int c = 0; c < soil->ncol; ++c) {
    uint64_t hash = 1;
    for (int k = 0; k < CALCISOL_N_STATIC; ++k)
      for (int l = 0; properties[k].data != NULL && properties[k].dtype == CALCISOL_F64 && l < soil->nlay; ++l) {
        uint64_t bits;
        memcpy(&bits,
               (const double *)properties[k].data + c * properties[k].column_stride + l * properties[k].layer_stride,
               sizeof bits);
        hash = (hash * 16807 + (bits & 0xFFFFFFFFu)) % 2147483647;
        hash = (hash * 16807 + (bits >> 32)) % 2147483647;
      }
    soil->map[c] = (double)hash;
  }
}

static calcisol_status open_columns(calcisol_soil *soil, const char *bundle, int ncol, int nlay,
                                    const calcisol_view *properties) {
  calcisol_report report = {.struct_size = sizeof report};
  const char *contract = NULL;
  calcisol_status status = calcisol_open(bundle, NULL, &soil->model);
  if (status == CALCISOL_OK)
    status = calcisol_columns_create(soil->model, ncol, nlay, properties, CALCISOL_N_STATIC, &report, &soil->columns);
  if (status == CALCISOL_OK && ncol > 0 && (report.cells_clipped > 0 || report.columns_invalid == ncol))
    return CALCISOL_ERROR_ARGUMENT;
  if (status != CALCISOL_OK)
    return status;
  if (calcisol_describe(soil->model, &contract) == CALCISOL_OK) {
    append_entry(soil->identity, sizeof soil->identity, "", contract, "\"name\": \"", 60);
    append_entry(soil->identity, sizeof soil->identity, " ", contract, "\"bundle_version\": \"", 20);
    append_entry(soil->identity, sizeof soil->identity, ", sha256 ", contract, "\"records_sha256\": \"", 12);
  }
  return CALCISOL_OK;
}

calcisol_status calcisol_soil_start(calcisol_soil *soil, const char *bundle, int ncol, int nlay,
                                    const calcisol_view *properties) {
  static const int budget[] = {CALCISOL_OUT_CO2_ADJ, CALCISOL_OUT_DIC_LEACH, CALCISOL_OUT_CA_LEACH,
                               CALCISOL_OUT_CA_SINK, CALCISOL_OUT_NO3_LEACH, CALCISOL_OUT_NH4_LEACH,
                               CALCISOL_OUT_N_SINK};
  calcisol_status status;
  sentence = NULL;
  if (soil->on)
    return refuse("calcisol was started twice; call finish before another start, or use a second soil",
                  CALCISOL_ERROR_ARGUMENT);
  memset(soil, 0, sizeof *soil);
  if (bundle == NULL || *bundle == '\0')
    return CALCISOL_OK;
  status = open_columns(soil, bundle, ncol, nlay, properties);
  soil->on = 1, soil->ncol = ncol, soil->nlay = nlay;
  soil->report.struct_size = sizeof soil->report;
  soil->stock = calloc((size_t)ncol * 3 + 1, sizeof(double));
  soil->map = calloc((size_t)ncol + 1, sizeof(double));
  soil->slots = calloc((size_t)ncol * (size_t)nlay * 5 + 1, sizeof(double));
  for (size_t i = 0; status == CALCISOL_OK && i < sizeof budget / sizeof *budget; ++i)
    if (calcisol_soil_output(soil, budget[i]) == NULL)
      status = CALCISOL_ERROR_MEMORY;
  if (status == CALCISOL_OK && (soil->stock == NULL || soil->slots == NULL || soil->map == NULL))
    status = refuse("out of memory", CALCISOL_ERROR_MEMORY);
  if (status != CALCISOL_OK) {
    static _Thread_local char kept[256]; /* the library forgets its sentence when the model is closed */
    snprintf(kept, sizeof kept, "%s", calcisol_soil_error());
    calcisol_soil_finish(soil);
    return refuse(kept, status);
  }
  for (int i = 0; i < 3 * ncol; ++i)
    soil->stock[i] = -1.0;
  take_fingerprint(soil, properties);
  return CALCISOL_OK;
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

/* Columns that are to be stepped and have no state yet. */
static void count_waiting(calcisol_soil *soil) {
  soil->waiting = 0;
  for (int c = 0; c < soil->ncol; ++c)
    soil->waiting +=
        soil->stock[c] < 0.0 && (soil->forcing[CALCISOL_ACTIVE] == NULL || soil->forcing[CALCISOL_ACTIVE][c] > 0.5);
}

/* Largest relative residual of a column's three budgets, into soil->residual; its stocks become those of now. */
static void check_column(calcisol_soil *soil, double dt, int c) {
  const double adjustment = soil->output[CALCISOL_OUT_CO2_ADJ][c];
  double after[3], flux[3] = {0}, through[3] = {0};
  stocks_of(soil, c, after);
  if (!isnan(adjustment) && adjustment > missing) { /* else it was not stepped */
    const double lime = given(soil, CALCISOL_LIME, c) / CALCISOL_MOLAR_MASS_CACO3,
                 leached = soil->output[CALCISOL_OUT_DIC_LEACH][c];
    const double ca = soil->output[CALCISOL_OUT_CA_LEACH][c], sunk = soil->output[CALCISOL_OUT_CA_SINK][c];
    const double n_out = (soil->output[CALCISOL_OUT_N_SINK][c] + soil->output[CALCISOL_OUT_NO3_LEACH][c] +
                          soil->output[CALCISOL_OUT_NH4_LEACH][c]) /
                         CALCISOL_MOLAR_MASS_N;
    double n_in = given(soil, CALCISOL_DEP_NH4, c) + given(soil, CALCISOL_DEP_NO3, c);
    for (int l = 0; l < soil->nlay; ++l)
      n_in += given(soil, CALCISOL_N_MIN, l * soil->ncol + c) / CALCISOL_MOLAR_MASS_N;
    flux[0] = lime - (adjustment + leached) / CALCISOL_MOLAR_MASS_C,
    through[0] = lime + (fabs(adjustment) + fabs(leached)) / CALCISOL_MOLAR_MASS_C;
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
  sentence = NULL;
  if (!soil->on)
    return CALCISOL_OK;
  for (int c = 0; c < soil->ncol; ++c) /* the library writes nothing for inactive columns */
    soil->output[CALCISOL_OUT_CO2_ADJ][c] = missing;
  status =
      calcisol_step(soil->columns, dt, soil->in, CALCISOL_N_FORCING, soil->out, CALCISOL_N_OUTPUT, NULL, &soil->report);
  if (status != CALCISOL_OK)
    return status;
  if (++soil->calls >= PATIENCE && soil->waiting == soil->ncol && soil->report.columns_stepped == 0 &&
      soil->report.columns_invalid > 0)
    return CALCISOL_ERROR_STATE; /* the library's sentence says which variable is missing */
  soil->steps += 1;
  memset(soil->residual, 0, sizeof soil->residual);
  read_slots(soil);
  for (int c = 0; c < soil->ncol; ++c)
    check_column(soil, dt, c);
  for (int q = 0; q < 3; ++q)
    soil->worst[q] = fmax(soil->worst[q], soil->residual[q]);
  count_waiting(soil);
  return CALCISOL_OK;
}

void calcisol_soil_line(const calcisol_soil *soil, char *line, size_t size) {
  snprintf(line, size,
           "calcisol step %lld residual C %.1e Ca %.1e N %.1e stepped %lld waiting %d invalid %lld clipped cells %lld "
           "fallback cells %lld%s%s%s",
           (long long)soil->steps, soil->residual[0], soil->residual[1], soil->residual[2],
           (long long)soil->report.columns_stepped, soil->waiting, (long long)soil->report.columns_invalid,
           (long long)soil->report.cells_clipped, (long long)soil->report.cells_fallback, soil->steps <= 1 ? " (" : "",
           soil->steps <= 1 ? soil->identity : "", soil->steps <= 1 ? ")" : "");
}

/* After a restart: stocks as they are, and whether each column with a state has the soil it was made with. */
static calcisol_status resume(calcisol_soil *soil, const double *map) {
  int others = 0;
  read_slots(soil);
  for (int c = 0; c < soil->ncol; ++c) {
    double stock[3];
    stocks_of(soil, c, stock);
    for (int q = 0; q < 3; ++q)
      soil->stock[q * soil->ncol + c] = stock[q];
    others += stock[0] >= 0.0 && !(fabs(calcisol_fit(map[c], 1.0) - soil->map[c]) < 0.5);
  }
  count_waiting(soil);
  return others == 0
             ? CALCISOL_OK
             : refuse("the restart was made with another soil map (layers, carbonate, pH); give the map it was made "
                      "with, or start without these variables",
                      CALCISOL_ERROR_STATE);
}

calcisol_status calcisol_soil_state(calcisol_soil *soil, double *values, int put) {
  const size_t cells = (size_t)soil->nlay * (size_t)soil->ncol;
  double *map = values + (size_t)CALCISOL_N_STATE * cells;
  calcisol_status status;
  sentence = NULL;
  if (!soil->on)
    return refuse("calcisol is off: there is no state to read or write", CALCISOL_ERROR_STATE);
  status = CALCISOL_OK;
  for (int k = 0; status == CALCISOL_OK && k < CALCISOL_N_STATE; ++k) {
    double *slot = values + (size_t)k * cells;
    const calcisol_view from = calcisol_f64(slot, 1, soil->ncol);
    const calcisol_target to = calcisol_to_f64(slot, 1, soil->ncol);
    status = put ? calcisol_state_set(soil->columns, k, &from) : calcisol_state_get(soil->columns, k, &to);
  }
  if (status == CALCISOL_OK && put)
    return resume(soil, map);
  for (size_t i = 0; i < cells; ++i)
    map[i] = soil->map[i % (size_t)soil->ncol];
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
  free(soil->map);
  free(soil->slots);
  memset(soil, 0, sizeof *soil);
}

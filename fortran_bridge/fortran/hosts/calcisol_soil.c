/* The soil of calcisol_soil.h: start, step, restart. Its budgets: calcisol_soil_budget.c. */
#include "calcisol_soil.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE = 10 }; /* steps after which a soil that was never stepped is an error */
static const double missing = CALCISOL_MISSING_VALUE;

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

/* One number for the soil properties of each column and how its layers are split: another map gives another. */
static void take_fingerprint(calcisol_soil *soil, const calcisol_view *properties, const int32_t *pieces) {
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
    for (int l = 0; pieces != NULL && l < soil->nlay; ++l)
      hash = (hash * 16807 + (uint64_t)pieces[l]) % 2147483647;
    soil->map[c] = (double)hash;
  }
}

/* Pieces of each layer, whose thickness has to be the same in all columns. */
static calcisol_status choose_pieces(calcisol_soil *soil, int nlay, const calcisol_view *dz, int32_t *pieces) {
  double thickness[CALCISOL_MAX_LAYERS];
  calcisol_status status = CALCISOL_OK;
  for (int l = 0; l < nlay; ++l)
    pieces[l] = 1;
  if (soil->thickest_layer != 0.0 && (dz->data == NULL || dz->dtype != CALCISOL_F64 || dz->column_stride != 0))
    return refuse("thickest_layer needs layers of one thickness in all columns, float64 with column stride 0",
                  CALCISOL_ERROR_ARGUMENT);
  for (int l = 0; soil->thickest_layer != 0.0 && l < nlay; ++l)
    thickness[l] = ((const double *)dz->data)[l * dz->layer_stride];
  if (soil->thickest_layer != 0.0)
    status = calcisol_pieces_of(nlay, thickness, soil->thickest_layer, pieces);
  soil->state_layers = 0;
  for (int l = 0; l < nlay; ++l)
    soil->state_layers += (int)pieces[l];
  return status;
}

static calcisol_status open_columns(calcisol_soil *soil, const char *bundle, int ncol, int nlay,
                                    const calcisol_view *properties, int32_t *pieces) {
  calcisol_report report = {.struct_size = sizeof report};
  const calcisol_split split = {pieces, 0};
  const char *contract = NULL;
  calcisol_status status = choose_pieces(soil, nlay, &properties[CALCISOL_SOIL_DZ], pieces);
  if (status == CALCISOL_OK)
    status = calcisol_open(bundle, NULL, &soil->model);
  if (status == CALCISOL_OK)
    status = calcisol_columns_create_split(soil->model, ncol, nlay, &split, properties, CALCISOL_N_STATIC, &report,
                                           &soil->columns);
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
  const double thickest_layer = soil->thickest_layer;
  int32_t pieces[CALCISOL_MAX_LAYERS];
  calcisol_status status;
  sentence = NULL;
  if (soil->on)
    return refuse("calcisol was started twice; call finish before another start, or use a second soil",
                  CALCISOL_ERROR_ARGUMENT);
  memset(soil, 0, sizeof *soil);
  soil->thickest_layer = thickest_layer;
  if (bundle == NULL || *bundle == '\0')
    return CALCISOL_OK;
  if (nlay < 1 || nlay > CALCISOL_MAX_LAYERS)
    return refuse("nlay is no number of layers that calcisol can have; give 1 to CALCISOL_MAX_LAYERS",
                  CALCISOL_ERROR_ARGUMENT);
  status = open_columns(soil, bundle, ncol, nlay, properties, pieces);
  soil->on = 1, soil->ncol = ncol, soil->nlay = nlay;
  soil->report.struct_size = sizeof soil->report;
  soil->stock = calloc((size_t)ncol * 3 + 1, sizeof(double));
  soil->map = calloc((size_t)ncol + 1, sizeof(double));
  soil->slots = calloc(calcisol_soil_cells(soil) * 5 + 1, sizeof(double));
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
  take_fingerprint(soil, properties, soil->state_layers > nlay ? pieces : NULL);
  return CALCISOL_OK;
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
  calcisol_soil_check(soil, dt);
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
  calcisol_soil_take_stock(soil);
  for (int c = 0; c < soil->ncol; ++c)
    others += soil->stock[c] >= 0.0 && !(fabs(calcisol_fit(map[c], 1.0) - soil->map[c]) < 0.5);
  return others == 0
             ? CALCISOL_OK
             : refuse("the restart was made with another soil map (layers, carbonate, pH) or thickest_layer; give "
                      "those it was made with, or start without these variables",
                      CALCISOL_ERROR_STATE);
}

calcisol_status calcisol_soil_state(calcisol_soil *soil, double *values, int put) {
  const size_t cells = calcisol_soil_cells(soil);
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

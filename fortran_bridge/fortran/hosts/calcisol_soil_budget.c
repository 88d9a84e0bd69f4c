/* The budgets of carbon, calcium and nitrogen of calcisol_soil.h: the law of calcisol_balance.f90 and
 * coupler/offline/budget.py. */
#include "calcisol_soil.h"

#include <math.h>
#include <string.h>

static const double missing = CALCISOL_MISSING_VALUE;
static const double round_off = 1e-3, least = 1e-30; /* a stock is known to its last digits only */

size_t calcisol_soil_cells(const calcisol_soil *soil) { return (size_t)soil->ncol * (size_t)soil->state_layers; }

/* Carbon, calcium and nitrogen of a column [mol m-2] from the slots read; negative where it has no state yet. */
static void stocks_of(const calcisol_soil *soil, int c, double stock[3]) {
  const size_t cells = calcisol_soil_cells(soil);
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
    const calcisol_target to = calcisol_to_f64(soil->slots + (size_t)k * calcisol_soil_cells(soil), 1, soil->ncol);
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

void calcisol_soil_check(calcisol_soil *soil, double dt) {
  memset(soil->residual, 0, sizeof soil->residual);
  read_slots(soil);
  for (int c = 0; c < soil->ncol; ++c)
    check_column(soil, dt, c);
  for (int q = 0; q < 3; ++q)
    soil->worst[q] = fmax(soil->worst[q], soil->residual[q]);
  count_waiting(soil);
}

void calcisol_soil_take_stock(calcisol_soil *soil) {
  read_slots(soil);
  for (int c = 0; c < soil->ncol; ++c) {
    double stock[3];
    stocks_of(soil, c, stock);
    for (int q = 0; q < 3; ++q)
      soil->stock[q * soil->ncol + c] = stock[q];
  }
  count_waiting(soil);
}

/* What the adapters of hosts in C share (in Fortran: calcisol_land): arrays to fill, the step, its budgets, the
 * restart.
 *
 * What      calcisol_soil, the columns of one rank. An adapter asks for the arrays it fills and reads, each linked and
 *           at its default from then on; what it does not ask for, the library does not see.
 * Shapes    [layer][column] or [column], layer 1 at the surface; SI, rates are means over the step, per m2 of soil.
 * Errors    0 is fine, else a calcisol_status; the sentence is in calcisol_soil_error(). Nothing prints or stops.
 * Use       calcisol_soil soil = {0}; calcisol_soil_start(&soil, bundle, ncol, nlay, properties);
 *           double *w_liq = calcisol_soil_forcing(&soil, CALCISOL_W_LIQ); calcisol_soil_step(&soil, 86400.0);
 */
#ifndef CALCISOL_SOIL_H
#define CALCISOL_SOIL_H
#include "calcisol.h"

typedef struct calcisol_soil {
  double thickest_layer; /* m, set before start: thicker layers are split inside (calcisol_pieces_of); 0: none */
  int on;                /* 1: a bundle is open and the columns exist */
  int ncol, nlay;
  int state_layers; /* of the state: the pieces where layers are split */
  int64_t steps;
  double residual[3], worst[3]; /* largest relative residual of carbon, calcium, nitrogen: of this step, of all */
  calcisol_report report;       /* of the last step */
  double *forcing[CALCISOL_N_FORCING]; /* NULL: not asked for */
  double
      *output[CALCISOL_N_OUTPUT]; /* NaN in an invalid column, of its last step in an inactive one (co2_adj: -9999) */
  double *stock, *slots;          /* [carbon, calcium, nitrogen][column], negative: not known; scratch */
  double *map;                    /* [column]: fingerprint of the soil map */
  int calls, waiting;             /* columns that are to be stepped and have no state yet */
  char identity[160];             /* of the bundle: name, version, hash, for log and output */
  calcisol_model *model;
  calcisol_columns *columns;
  calcisol_view in[CALCISOL_N_FORCING];
  calcisol_target out[CALCISOL_N_OUTPUT];
} calcisol_soil;

/* What calcisol_soil_state moves: the slots of the state, and the fingerprint of the soil map. */
enum { CALCISOL_SOIL_SLOTS = CALCISOL_N_STATE + 1 };

/* Open the bundle and make the columns; NULL or "" leaves the soil off, and every other call returns at once. A
 * property out of its range, a map without a single value and a second start are errors. */
calcisol_status calcisol_soil_start(calcisol_soil *soil, const char *bundle, int ncol, int nlay,
                                    const calcisol_view *properties /* [CALCISOL_N_STATIC] */);
/* Array of a forcing or an output, made and linked when first asked for; NULL where off or out of memory. */
double *calcisol_soil_forcing(calcisol_soil *soil, int variable);
double *calcisol_soil_output(calcisol_soil *soil, int variable);
/* One step of dt seconds, then the budgets of every column that was stepped. */
calcisol_status calcisol_soil_step(calcisol_soil *soil, double dt);
/* The sentence of the last error of these calls or of the library. */
const char *calcisol_soil_error(void);
/* One line for the host's log, cut at size characters. */
void calcisol_soil_line(const calcisol_soil *soil, char *line, size_t size);
/* A host's number in our unit; -9999 for NaN (quiet or signalling: it is looked at as bits), -9999, 1e19 and above. */
double calcisol_fit(double value, double factor);
/* a + b of such numbers; missing with anything is missing. */
double calcisol_plus(double a, double b);
/* All slots of all columns, [CALCISOL_SOIL_SLOTS][state_layers][column], bit for bit: out, or in where put is 1. A
 * state that was made with another soil map or another thickest_layer is CALCISOL_ERROR_STATE; so is a step, after ten
 * of them, in which no column has ever been stepped. */
calcisol_status calcisol_soil_state(calcisol_soil *soil, double *values, int put);
void calcisol_soil_finish(calcisol_soil *soil);
/* Between its files: cells of the state; the budgets of a step; the stocks that the next one compares with. */
size_t calcisol_soil_cells(const calcisol_soil *soil);
void calcisol_soil_check(calcisol_soil *soil, double dt);
void calcisol_soil_take_stock(calcisol_soil *soil);
#endif

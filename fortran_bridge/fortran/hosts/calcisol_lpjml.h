/* LPJmL: a few calls, one line each. Page: lpjml.md. Include it after lpj.h; one column a cell, layers 1 to
 * BOTTOMLAYER.
 *
 * What      stands to the mean of a cell by their fraction, millimetres and grams a day to kg a second; pH back per
 * cell. Units     add: mm, gC or gN per m2 of cell and day, times the stand's fraction; ph 1; co2 gC m-2 d-1, + to the
 * air. Errors    0 is fine, else a calcisol_status; the sentence is in calcisol_last_error(). Off until start is given
 * a bundle.
 */
#ifndef CALCISOL_LPJML_H
#define CALCISOL_LPJML_H
#include "calcisol_soil.h"

enum calcisol_lpjml_flow {                      /* what add takes; the first eight by layer, the others with layer 0 */
                           CALCISOL_LPJML_SINK, /* water to roots and evaporation, mm */
                           CALCISOL_LPJML_LATERAL, /* lrunoff, mm */
                           CALCISOL_LPJML_RESP,    /* heterotrophic and root respiration, gC */
                           CALCISOL_LPJML_NIT,
                           CALCISOL_LPJML_MIN,
                           CALCISOL_LPJML_UP_NH4, /* to roots, microbes and the air (NH3) */
                           CALCISOL_LPJML_UP_NO3, /* to roots and microbes */
                           CALCISOL_LPJML_DEN,    /* gN */
                           CALCISOL_LPJML_INFIL,  /* what enters the soil at its surface, mm */
                           CALCISOL_LPJML_DEP_NH4,
                           CALCISOL_LPJML_DEP_NO3, /* deposition and fertiliser, gN */
                           CALCISOL_LPJML_FLOWS
};

/* The columns of this rank: budgets, log line, restart and end by the calls of calcisol_soil.h. */
extern calcisol_soil calcisol_lpjml_soil;
/* Soil of the cells, [ncell] each, as `calcisol hosts map` makes it; NULL: soilph as pH of pore water, no carbonate,
 * and the library's default for the others. kg kg-1, cec mol kg-1, cec_variable 1. */
typedef struct calcisol_lpjml_map {
  const double *ph0, *caco3, *clay, *cec, *cec_variable;
} calcisol_lpjml_map;
/* Columns of the ncell cells of grid; bundle NULL or "": off. */
calcisol_status calcisol_lpjml_start(const char *bundle, int feedback, const Cell *grid, int ncell,
                                     const calcisol_lpjml_map *map);
/* Add to today's flow of a cell; stand->cell is at hand wherever a stand is. */
void calcisol_lpjml_add(const Cell *cell, enum calcisol_lpjml_flow flow, int layer, double amount);
/* Around a part of the day that LPJmL may do again in shorter steps: what was added since save is taken back by undo.
 */
void calcisol_lpjml_save(const Cell *cell);
void calcisol_lpjml_undo(const Cell *cell);
/* Water and temperature of a cell, at the end of its update_daily_cell. Its drainage is what closes the water of the
 * day: percolation in infil_perc is more than that, because ground water gives some of it back. */
void calcisol_lpjml_gather(const Cell *cell);
/* One day, after the loop over cells; calcisol_lpjml_soil.residual then holds its budgets. */
calcisol_status calcisol_lpjml_step(void);
/* pH of the top 0.3 m where feedback is on and there is one, else the cell's own; the change of the CO2 flux of the
 * day. */
double calcisol_lpjml_ph(const Cell *cell);
double calcisol_lpjml_co2(const Cell *cell);
#endif

/* LPJmL: a few calls, one line each. Page: lpjml.md. Include it at the end of lpj.h; one column a cell, layers 1 to
 * BOTTOMLAYER.
 *
 * What      stands to the mean of a cell by their fraction, millimetres and grams a day to kg a second; pH back per
 *           cell. What takes and brings ammonium and nitrate is read from LPJmL's own pools at the end of the day.
 * Units     add: mm, gC or gN per m2 of stand and day; ph 1; co2 gC m-2 d-1 of the cell, + to the air.
 * Errors    0 is fine, else a calcisol_status; the sentence is in calcisol_soil_error(). Off until start is given a
 *           bundle.
 */
#ifndef CALCISOL_LPJML_H
#define CALCISOL_LPJML_H
#include "calcisol_soil.h"

typedef enum {                         /* what add takes; the last with layer 0 */
               CALCISOL_LPJML_SINK,    /* water to roots and evaporation, mm */
               CALCISOL_LPJML_LATERAL, /* lrunoff, nrsub_top and ndrain_perched_out, mm */
               CALCISOL_LPJML_RESP,    /* heterotrophic and root respiration, gC */
               CALCISOL_LPJML_NIT,     /* F_NO3, gN */
               CALCISOL_LPJML_MOVED,   /* nitrate moved by water, gN: by calcisol_lpjml_nitrate */
               CALCISOL_LPJML_INFIL,   /* what enters the soil at its surface, mm */
               CALCISOL_LPJML_FLOWS
} calcisol_lpjml_flow;

typedef enum { /* what LPJmL's formulas are given: nothing of ours, pH of pore water, or pH of a suspension (laboratory)
                */
               CALCISOL_LPJML_READS_NONE,
               CALCISOL_LPJML_READS_PORE_WATER,
               CALCISOL_LPJML_READS_H2O,
               CALCISOL_LPJML_READS_CACL2
} calcisol_lpjml_reads;

/* The columns of this rank: budgets, log line, restart and end by the calls of calcisol_soil.h. */
extern calcisol_soil calcisol_lpjml_soil;
/* Soil of the cells, [ncell] each, as `calcisol hosts map` makes it; NULL: soilph as pH of pore water, no carbonate,
 * the library's default of clay, and the capacity of the European run. kg kg-1, cec mol kg-1, cec_variable 1. */
typedef struct calcisol_lpjml_map {
  const double *ph0, *caco3, *clay, *cec, *cec_variable;
} calcisol_lpjml_map;
/* Columns of the ncell cells of grid; bundle NULL or "": off. */
calcisol_status calcisol_lpjml_start(const char *bundle, calcisol_lpjml_reads feedback, const Cell *grid, int ncell,
                                     const calcisol_lpjml_map *map);
/* Add to today's flow of a stand. */
void calcisol_lpjml_add(const Stand *stand, calcisol_lpjml_flow flow, int layer, double amount);
/* Respiration of the roots of a plant, gC m-2, in the layers they stand in. */
void calcisol_lpjml_roots(const Pft *pft, double respired);
/* Around what moves nitrate between layers and out of the soil: with -1 before it, with 1 after it. */
void calcisol_lpjml_nitrate(const Stand *stand, int sign);
/* Around a part of the day that LPJmL may do again in shorter steps: what was added since save is taken back by undo.
 */
void calcisol_lpjml_save(const Cell *cell);
void calcisol_lpjml_undo(const Cell *cell);
/* The end of update_daily_cell: water, temperature and nitrogen of a cell. Its drainage is what closes the water of the
 * day (percolation in infil_perc is more: ground water gives some of it back), its sources and sinks of NH4 and NO3 are
 * what closes LPJmL's pools of them. */
void calcisol_lpjml_gather(const Cell *cell);
/* One day, after the loop over cells; calcisol_lpjml_soil.residual then holds its budgets. */
calcisol_status calcisol_lpjml_step(void);
/* The pH chosen at start, of the top 0.3 m, where there is one, else the cell's own; the change of the CO2 flux of the
 * day. */
double calcisol_lpjml_ph(const Cell *cell);
double calcisol_lpjml_co2(const Cell *cell);
#endif

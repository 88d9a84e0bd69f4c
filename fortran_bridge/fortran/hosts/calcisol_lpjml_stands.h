/* A cell's soil as the mean of its stands, and what closes its budgets of a day; include it after lpj.h. */
#ifndef CALCISOL_LPJML_STANDS_H
#define CALCISOL_LPJML_STANDS_H
#include "calcisol_soil.h"

/* Views [ncell] of the exchange capacity and its variable share; NULL: those of the European run, by clay. */
calcisol_view calcisol_lpjml_capacity(const double *cec, const double *clay, int ncell);
calcisol_view calcisol_lpjml_variable_share(const double *cec_variable);
/* Fraction of a cell that its stands cover, less than 1 where there are lakes; 0 where it has none, where LPJmL skips
 * it, where one is missing. */
double calcisol_lpjml_covered(const Cell *cell);
/* What a cell holds at the end of a day: water and ice of all layers [mm], NH4, then NO3 of each layer [gN m-2];
 * CALCISOL_MISSING_VALUE where that is not known. */
enum { CALCISOL_LPJML_HELD = 1 + 2 * BOTTOMLAYER };
void calcisol_lpjml_holds(const Cell *cell, double held[CALCISOL_LPJML_HELD]);
/* Liquid, ice [mm] and temperature [K] of layer l, by the fraction of the stands; 0 where one is missing, where there
 * is no stand, and in a cell that LPJmL skips. */
int calcisol_lpjml_layer(const Cell *cell, int l, double mean[3]);
/* The end of a column's day: contents, drainage that closes its water, and sources of NH4 and NO3 that close its
 * nitrogen, of which nitrification and what moved are told. held: at the end of the day before, then of this one. */
void calcisol_lpjml_close(calcisol_soil *soil, ptrdiff_t column, const Cell *cell, double held[CALCISOL_LPJML_HELD]);
/* pH of a suspension (CALCISOL_LAB_...) of the top 0.3 m of each column as it is now. */
calcisol_status calcisol_lpjml_suspension(calcisol_soil *soil, int which, double *top);
#endif

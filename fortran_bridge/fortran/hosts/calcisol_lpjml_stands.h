/* Water and temperature of a cell's soil as the mean of its stands; include it after lpj.h. */
#ifndef CALCISOL_LPJML_STANDS_H
#define CALCISOL_LPJML_STANDS_H
/* Liquid, ice [mm] and temperature [K] of layer l, by the fraction of the stands; 0 where one is missing, where there
 * is no stand, and in a cell that LPJmL skips. */
int calcisol_lpjml_layer(const Cell *cell, int l, double mean[3]);
/* Water and ice of all layers, mm; CALCISOL_MISSING_VALUE where that of one layer is not known. */
double calcisol_lpjml_water(const Cell *cell);
#endif

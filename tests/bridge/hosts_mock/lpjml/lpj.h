/* The few names of LPJmL that the adapter touches, as LPJmL spells them: structs in structs, one cell at a time, double. */
#ifndef LPJ_H
#define LPJ_H
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NSOILLAYER 6
#define BOTTOMLAYER (NSOILLAYER - 1)
#define MAX_STANDS 3
typedef double Real;
typedef struct {
  Real w[NSOILLAYER], w_fw[NSOILLAYER], whcs[NSOILLAYER], wpwps[NSOILLAYER];
  Real ice_depth[NSOILLAYER], ice_fw[NSOILLAYER], ice_pwp[NSOILLAYER], temp[NSOILLAYER + 1];
  Real NH4[BOTTOMLAYER], NO3[BOTTOMLAYER];
} Soil;
typedef struct cell Cell;
typedef struct { Cell *cell; Soil soil; Real frac; } Stand;
typedef struct { Stand stand[MAX_STANDS]; int n; } Standlist;
struct cell { Standlist *standlist; Real soilph, fsoilph; int skip; }; /* skip: no soil, and no list of stands */
typedef struct { Real rootdist[BOTTOMLAYER]; } Pftpar;
typedef struct { Stand *stand; const Pftpar *par; } Pft;
extern Real soildepth[NSOILLAYER];

#define forrootsoillayer(l) for (l = 0; l < BOTTOMLAYER; l++)
#define foreachstand(stand_, i, list) for (i = 0; i < (list)->n && (stand_ = (list)->stand + i); i++)
#define allice(soil, l) (soil->ice_depth[l] + soil->wpwps[l] * soil->ice_pwp[l] + soil->ice_fw[l])
#define allwater(soil, l) (soil->w[l] * soil->whcs[l] + soil->wpwps[l] * (1 - soil->ice_pwp[l]) + soil->w_fw[l])
#include "calcisol_lpjml.h" /* the line of the page */
#endif

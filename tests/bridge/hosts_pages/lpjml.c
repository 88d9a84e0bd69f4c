/* The names of LPJmL around the lines of lpjml.md, on those of the mock host (../hosts_mock/lpjml/lpj.h); nothing is computed. */
#include "lpj.h"

#include "calcisol_lpjml.h"

#define TRUE 1
#define FALSE 0
typedef struct { Real carbon, nitrogen; } Stocks;
typedef struct { Stocks slow, fast; } Pool;
typedef struct { Real NO3[BOTTOMLAYER], NH4[BOTTOMLAYER]; } LpjSoil;
typedef struct { Cell *cell; Real frac; LpjSoil soil; } LpjStand; /* of LPJmL a stand knows its cell */
typedef struct { Real rootdist[BOTTOMLAYER]; } Pftpar;
typedef struct { LpjStand *stand; const Pftpar *par; } Pft;
#define forrootsoillayer(l) for (l = 0; l < BOTTOMLAYER - 1; l++)
typedef struct { Real no3deposition, nh4deposition; } Dailyclimate;
typedef struct { int ngridcell; } Config;

void fail(int code, int print_usage, int stop, const char *format, ...);
void every_line(Cell *grid, Config *config, LpjStand *stand, Pft *pft, const Dailyclimate *climate, const calcisol_lpjml_map *map,
                const char *bundle, int feedback, int cell, int l);

static Real aet_stand[BOTTOMLAYER], evap_out[BOTTOMLAYER], lrunoff[BOTTOMLAYER], nrsub_top[BOTTOMLAYER], NO3_up[BOTTOMLAYER], NH4_up[BOTTOMLAYER];
static Real ndrain_perched_out[BOTTOMLAYER], F_NO3, F_Nmineral, infil_start, runoff_surface, rootresp, N_denit, n_uptake, nupsum, n_immo, N_sum, nh3;
static Pool flux_soil[BOTTOMLAYER];
static LpjSoil *soil;

void every_line(Cell *grid, Config *config, LpjStand *stand, Pft *pft, const Dailyclimate *climate, const calcisol_lpjml_map *map,
                const char *bundle, int feedback, int cell, int l) {
  /* page: src/lpjml.c, after */
  /* page: src/lpj/iterateyear.c, after update_daily_cell */
  /* page: src/soil/waterbalance.c */
  /* page: src/soil/infil_perc.c */
  /* page: src/soil/daily_littersom.c */
  /* page: src/soil/littersom.c */
  /* page: src/tree/npp_tree.c */
  /* page: src/soil/denitrification.c */
  /* page: src/tree/nuptake_tree.c */
  /* page: src/lpj/update_daily_cell.c */
  /* page: src/lpj/iterateyear.c, after the loop over cells */
  /* page: src/lpjml.c, before freegrid */
}

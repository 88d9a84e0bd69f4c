/* The names of LPJmL around the lines of lpjml.md, on those of the mock host (../hosts_mock/lpjml/lpj.h); nothing is computed. */
#include "lpj.h"
/* page: include/lpj.h */

#define TRUE 1
#define FALSE 0
typedef struct { Real carbon, nitrogen; } Stocks;
typedef struct { Stocks slow, fast; } Pool;
typedef struct { int ngridcell; } Config;

void fail(int code, int print_usage, int stop, const char *format, ...);
void every_line(Cell *grid, Config *config, Stand *stand, Pft *pft, const calcisol_lpjml_map *map, const char *bundle, calcisol_lpjml_reads feedback,
                int cell, int l);

static Real aet_stand[BOTTOMLAYER], evap_out[BOTTOMLAYER], lrunoff[BOTTOMLAYER], nrsub_top[BOTTOMLAYER];
static Real ndrain_perched_out[BOTTOMLAYER], F_NO3, infil_start, runoff_surface, rootresp;
static Pool flux_soil[BOTTOMLAYER];

void every_line(Cell *grid, Config *config, Stand *stand, Pft *pft, const calcisol_lpjml_map *map, const char *bundle, calcisol_lpjml_reads feedback,
                int cell, int l) {
  /* page: src/lpjml.c, after */
  /* page: src/lpj/iterateyear.c, before update_daily_cell */
  /* page: src/lpj/iterateyear.c, after update_daily_cell */
  /* page: src/soil/waterbalance.c */
  /* page: src/soil/infil_perc.c, before */
  /* page: src/soil/infil_perc.c, after */
  /* page: src/soil/daily_littersom.c */
  /* page: src/soil/littersom.c */
  /* page: src/tree/npp_tree.c */
  /* page: src/lpj/iterateyear.c, after the loop over cells */
  /* page: src/lpjml.c, before freegrid */
}

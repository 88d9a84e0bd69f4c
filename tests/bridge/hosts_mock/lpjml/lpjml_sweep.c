/* Every number the LPJmL adapter reads made bad in every way, with floating-point traps on: off, on, after the end,
 * twice. Arguments: BUNDLE. Prints the number of calls and of those that went wrong. */
#define _GNU_SOURCE
#include <fenv.h>
#include <float.h>
#include <inttypes.h>

#include "lpj.h"

Real soildepth[NSOILLAYER] = {200, 300, 500, 1000, 1000, 10000};
enum { CELLS = 3, WAYS = 4 };
static Standlist lists[CELLS];
static Cell grid[CELLS];
static double caco3[CELLS];
static const calcisol_lpjml_map map = {.caco3 = caco3};
static double cec[CELLS], share[CELLS];
static const calcisol_lpjml_map given = {.caco3 = caco3, .cec = cec, .cec_variable = share};
static int calls, wrong;

static void must(int condition, const char *what) {
  ++calls;
  if (!condition)
    ++wrong, printf("%s: %s\n", what, calcisol_soil_error());
}

static double bad(int way) {
  static const uint64_t bits[WAYS] = {0x7FF8000000000000u, 0x7FF4000000000000u, 0x7FF0000000000000u,
                                      0x4768145B4A8F7C00u};
  double value;
  memcpy(&value, bits + way, sizeof value);
  return value;
}

static void good(void) {
  for (int c = 0; c < CELLS; ++c) {
    grid[c].standlist = lists + c, grid[c].soilph = 6.5, caco3[c] = 0.02, lists[c].n = 2;
    for (int s = 0; s < 2; ++s) {
      memset(&lists[c].stand[s], 0, sizeof(Stand));
      lists[c].stand[s].frac = 0.4, lists[c].stand[s].cell = grid + c;
      for (int l = 0; l < NSOILLAYER; ++l)
        lists[c].stand[s].soil.w_fw[l] = 0.25 * soildepth[l], lists[c].stand[s].soil.temp[l] = 10.0;
    }
  }
}

/* A day; stepped: columns that have to be stepped where it is on. */
static void day(const char *what, int stepped) {
  for (int c = 0; c < CELLS; ++c)
    calcisol_lpjml_gather(grid + c);
  must(calcisol_lpjml_step() == CALCISOL_OK, what);
  must(!calcisol_lpjml_soil.on || calcisol_lpjml_soil.report.columns_stepped == stepped, what);
  for (int c = 0; c < CELLS; ++c)
    must(calcisol_lpjml_ph(grid + c) > 0.0 && isfinite(calcisol_lpjml_co2(grid + c)), what);
  good();
}

static void over_all(void) {
  for (int way = 0; way < WAYS; ++way) {
    Soil *soil = &lists[0].stand[0].soil;
    Real *const numbers[] = {soil->w,         soil->w_fw,   soil->whcs,    soil->wpwps,
                             soil->ice_depth, soil->ice_fw, soil->ice_pwp, soil->temp};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; ++k)
      numbers[k][1] = bad(way), day("a layer", CELLS - 1);
    lists[0].stand[1].frac = bad(way), day("a fraction", CELLS - 1);
    for (int flow = 0; flow < CALCISOL_LPJML_FLOWS; ++flow) {
      calcisol_lpjml_add(lists[0].stand, (calcisol_lpjml_flow)flow, 0, bad(way));
      day("a flow", CELLS - 1);
      lists[0].stand[1].frac = bad(way);
      calcisol_lpjml_add(lists[0].stand + 1, (calcisol_lpjml_flow)flow, 0, bad(way));
      day("a flow of a bad stand", CELLS - 1);
    }
    soil->NH4[1] = bad(way), day("ammonium", CELLS - 1);
    day("ammonium of the day before not known", CELLS - 1);
    soil->NO3[2] = bad(way), calcisol_lpjml_nitrate(lists[0].stand, 1), day("nitrate", CELLS - 1);
    day("nitrate of the day before not known", CELLS - 1);
    calcisol_lpjml_roots(&(Pft){lists[0].stand, &(Pftpar){{1.0}}}, bad(way)), day("roots", CELLS - 1);
    calcisol_lpjml_roots(&(Pft){lists[0].stand, &(Pftpar){{0.5, bad(way)}}}, 1.0), day("where roots stand", CELLS - 1);
  }
  lists[0].n = 0, day("no stand", CELLS - 1);
  grid[0].skip = 1, grid[0].standlist = NULL, day("a cell that LPJmL skips", CELLS - 1);
  grid[0].skip = 0, day("water of the day before not known", CELLS - 1);
  Stand elsewhere[2] = {{.cell = grid - 1, .frac = 1.0}, {.cell = grid + CELLS, .frac = 1.0}};
  for (int k = 0; k < 2; ++k)
    calcisol_lpjml_add(elsewhere + k, CALCISOL_LPJML_SINK, 0, 1.0), calcisol_lpjml_nitrate(elsewhere + k, -1);
  calcisol_lpjml_add(lists[0].stand, CALCISOL_LPJML_SINK, BOTTOMLAYER, 1.0);
  calcisol_lpjml_add(lists[0].stand, CALCISOL_LPJML_SINK, -1, 1.0);
  calcisol_lpjml_save(grid - 1), calcisol_lpjml_undo(grid - 1); /* none of these is a cell of the grid */
  calcisol_lpjml_save(grid + CELLS), calcisol_lpjml_undo(grid + CELLS), calcisol_lpjml_gather(grid + CELLS);
  day("all good", CELLS);
}

/* The same stands on eight tenths of cell 0 and on the whole of cell 1: a lake is no soil, so theirs is the same. */
static void lake(const char *bundle) {
  good();
  lists[1].stand[0].frac = lists[1].stand[1].frac = 0.5;
  must(calcisol_lpjml_start(bundle, CALCISOL_LPJML_READS_PORE_WATER, grid, CELLS, &map) == CALCISOL_OK, "start beside a lake");
  for (int d = 0; d < 3; ++d) {
    for (int c = 0; c < 2; ++c)
      for (int s = 0; s < 2; ++s) {
        Stand *stand = lists[c].stand + s;
        calcisol_lpjml_add(stand, CALCISOL_LPJML_INFIL, 0, 9.0), calcisol_lpjml_add(stand, CALCISOL_LPJML_SINK, 0, 2.0);
        calcisol_lpjml_add(stand, CALCISOL_LPJML_RESP, 0, 1.0), calcisol_lpjml_add(stand, CALCISOL_LPJML_NIT, 0, 0.01);
        stand->soil.w_fw[0] += 3.0, stand->soil.NH4[0] += 0.02, stand->soil.NO3[0] += 0.01;
      }
    for (int c = 0; c < CELLS; ++c)
      calcisol_lpjml_gather(grid + c);
    must(fabs(calcisol_lpjml_soil.forcing[CALCISOL_Q_BOT][0] * 86400.0 - 4.0) < 1e-9, "what drains beside a lake");
    must(calcisol_lpjml_step() == CALCISOL_OK && calcisol_lpjml_soil.report.columns_stepped == CELLS, "a day beside a lake");
  }
  must(fabs(calcisol_lpjml_ph(grid) - calcisol_lpjml_ph(grid + 1)) < 1e-9, "pH beside a lake");
  must(fabs(calcisol_lpjml_co2(grid) - 0.8 * calcisol_lpjml_co2(grid + 1)) < 1e-9 && calcisol_lpjml_co2(grid) != 0.0,
       "what the cell gives the air");
  must(calcisol_lpjml_start(bundle, CALCISOL_LPJML_READS_NONE, grid + 1, 1, &map) != CALCISOL_OK, "a second start");
  must(calcisol_lpjml_ph(grid) != grid[0].soilph && calcisol_lpjml_co2(grid) != 0.0, "it changes nothing of what LPJmL reads");
  calcisol_soil_finish(&calcisol_lpjml_soil);
}

/* Rock and ice alone, as a process may have it: nothing to step, and no fault. */
static void no_soil(const char *bundle) {
  good();
  must(calcisol_lpjml_start(bundle, CALCISOL_LPJML_READS_PORE_WATER, grid, CELLS, &map) == CALCISOL_OK, "start without soil");
  for (int c = 0; c < CELLS; ++c)
    lists[c].n = 0;
  grid[1].skip = 1, grid[1].standlist = NULL;
  for (int d = 0; d < 12; ++d) {
    for (int c = 0; c < CELLS; ++c)
      calcisol_lpjml_gather(grid + c);
    must(calcisol_lpjml_step() == CALCISOL_OK, "a day without soil");
  }
  must(calcisol_lpjml_soil.waiting == 0 && calcisol_lpjml_soil.report.columns_inactive == CELLS, "none of them waits");
  calcisol_soil_finish(&calcisol_lpjml_soil);
  grid[1].skip = 0;
  good();
}

int main(int argc, char **argv) {
  static double state[CALCISOL_SOIL_SLOTS * BOTTOMLAYER * CELLS];
  if (argc < 2)
    return 2;
  good();
  feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
  over_all();
  must(calcisol_soil_state(&calcisol_lpjml_soil, state, 0) != CALCISOL_OK, "a state while off");
  for (int round = 0; round < 2; ++round) {
    must(calcisol_lpjml_start(argv[1], round ? CALCISOL_LPJML_READS_H2O : CALCISOL_LPJML_READS_PORE_WATER, grid, CELLS, &map) ==
             CALCISOL_OK,
         "start");
    must(calcisol_lpjml_start(argv[1], CALCISOL_LPJML_READS_PORE_WATER, grid, CELLS, &map) != CALCISOL_OK, "a second start");
    must(strstr(calcisol_soil_error(), "twice") != NULL, "the sentence of a second start");
    over_all();
    must(calcisol_soil_state(&calcisol_lpjml_soil, state, 0) == CALCISOL_OK, "state out");
    must(calcisol_soil_state(&calcisol_lpjml_soil, state, 1) == CALCISOL_OK, "state in");
    calcisol_soil_finish(&calcisol_lpjml_soil), calcisol_soil_finish(&calcisol_lpjml_soil);
    over_all();
  }
  for (int c = 0; c < CELLS; ++c) /* without a map the capacity is that of the European run: the same soil */
    cec[c] = 0.2 * 0.608 + 2.98 * 0.012, share[c] = 0.9;
  must(calcisol_lpjml_start(argv[1], CALCISOL_LPJML_READS_PORE_WATER, grid, CELLS, &given) == CALCISOL_OK, "capacity given");
  must(calcisol_soil_state(&calcisol_lpjml_soil, state, 1) == CALCISOL_OK, "capacity without a map");
  calcisol_soil_finish(&calcisol_lpjml_soil);
  caco3[0] = 0.1;
  must(calcisol_lpjml_start(argv[1], CALCISOL_LPJML_READS_PORE_WATER, grid, CELLS, &map) == CALCISOL_OK, "another map");
  must(calcisol_soil_state(&calcisol_lpjml_soil, state, 1) == CALCISOL_ERROR_STATE, "a restart of another map");
  must(strstr(calcisol_soil_error(), "another soil map") != NULL, "its sentence");
  calcisol_soil_finish(&calcisol_lpjml_soil);
  caco3[0] = 2.0;
  must(calcisol_lpjml_start(argv[1], CALCISOL_LPJML_READS_PORE_WATER, grid, CELLS, &map) == CALCISOL_ERROR_ARGUMENT, "2 for 2 %");
  must(strstr(calcisol_soil_error(), "caco3 = 2") != NULL, "its sentence");
  good();
  soildepth[0] = -9999.0;
  must(calcisol_lpjml_start(argv[1], CALCISOL_LPJML_READS_PORE_WATER, grid, CELLS, &map) != CALCISOL_OK, "no thickness");
  soildepth[0] = 200.0;
  must(calcisol_lpjml_start(argv[1], CALCISOL_LPJML_READS_PORE_WATER, grid, CELLS, &map) == CALCISOL_OK, "start again");
  for (int d = 1; d <= 10; ++d) {
    for (int c = 0; c < CELLS; ++c)
      lists[c].stand[0].frac = -9999.0, calcisol_lpjml_gather(grid + c);
    must((calcisol_lpjml_step() == CALCISOL_OK) == (d < 10), "never stepped");
  }
  must(strstr(calcisol_soil_error(), "missing") != NULL, "its sentence");
  calcisol_soil_finish(&calcisol_lpjml_soil);
  lake(argv[1]);
  no_soil(argv[1]);
  printf("%d calls, %d wrong\n", calls, wrong);
  return wrong > 0;
}

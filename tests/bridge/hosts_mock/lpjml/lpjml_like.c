/* LPJmL's conventions: a struct a cell with a list of stands, millimetres and grams a day, celsius, daily steps, a function of
 * pH cached in the cell (fsoilph), double restart per cell. One cell has no stand (a lake).
 * Arguments: NCELL DAY_FROM DAY_TO RESTART_IN|- RESTART_OUT|- RESULTS BUNDLE|- FEEDBACK; ranks by MPI where -DMOCK_MPI. */
#include "lpj.h"

#include <inttypes.h>
#ifdef MOCK_MPI
#include <mpi.h>
#endif

Real soildepth[NSOILLAYER] = {200, 300, 500, 1000, 1000, 10000};
static const double pi = 3.14159265358979;
enum { HEAD = 3 * BOTTOMLAYER + BOTTOMLAYER * MAX_STANDS * 4, STATE = CALCISOL_SOIL_SLOTS * CALCISOL_MAX_LAYERS };

static void must(calcisol_status status) {
  if (status) {
    puts(calcisol_soil_error());
    exit(1);
  }
}

static Real f_ph(Real ph) { return 0.56 + atan(pi * 0.45 * (-5 + ph)) / pi; }

/* One day of one cell: percolation from layer to layer, roots, frost, mineralisation, nitrification with the cached function. */
static void update_daily_cell(Cell *cell, int number, int day) {
  Stand *stand;
  int s;
  const double season = sin(2 * pi * (day / 365.0 - 0.3)), warm = fmax(0.1, 1.0 + season);
  foreachstand(stand, s, cell->standlist) {
    Soil *soil = &stand->soil;
    double moved = (day + number + s) % 4 == 0 ? 9.0 : 0.0; /* mm */
    const Pftpar grass = {{0.6, 0.3, 0.1, 0.0, 0.0}};
    const Pft plant = {stand, &grass};
    calcisol_lpjml_add(stand, CALCISOL_LPJML_INFIL, 0, moved);
    calcisol_lpjml_roots(&plant, 0.2 * warm);
    calcisol_lpjml_save(cell); /* a part of the day that is done again: it counts once */
    calcisol_lpjml_add(stand, CALCISOL_LPJML_RESP, 0, 1.0e3);
    calcisol_lpjml_add(stand, CALCISOL_LPJML_NIT, 0, 1.0);
    calcisol_lpjml_undo(cell);
    for (int l = 0; l < BOTTOMLAYER; ++l) {
      const double sink = fmin(2.0 * warm * exp(-l - 1.0), 0.2 * soil->w_fw[l]);
      double spare, freeze;
      soil->temp[l] = 9.0 + 12.0 * season / (l + 1.0);
      soil->w_fw[l] += moved - sink;
      calcisol_lpjml_add(stand, CALCISOL_LPJML_SINK, l, sink);
      spare = fmax(0.0, soil->w_fw[l] - 0.1 * soildepth[l]);
      moved = 0.5 * spare;
      soil->w_fw[l] -= moved;
      freeze = soil->temp[l] < 0.0 ? 0.1 * soil->w_fw[l] : -0.2 * soil->ice_fw[l];
      soil->w_fw[l] -= freeze, soil->ice_fw[l] += freeze;
      calcisol_lpjml_add(stand, CALCISOL_LPJML_RESP, l, 1.5 * warm * exp(-l - 0.5));
      {
        const double nitrified = 0.02 * soil->NH4[l] * cell->fsoilph, in = l == 0 ? 0.027 * warm : 0.0;
        soil->NH4[l] += in - nitrified; /* what comes in and is taken up is read from the pools */
        soil->NO3[l] += 0.5 * nitrified;
        calcisol_lpjml_add(stand, CALCISOL_LPJML_NIT, l, nitrified);
      }
    }
    calcisol_lpjml_nitrate(stand, -1);
    for (int l = BOTTOMLAYER - 1; l >= 0; --l) { /* nitrate goes down a layer, out of the last */
      const double leached = 0.05 * soil->NO3[l];
      soil->NO3[l] -= leached;
      if (l < BOTTOMLAYER - 1)
        soil->NO3[l + 1] += leached;
    }
    calcisol_lpjml_nitrate(stand, 1);
  }
}

/* The host's own state to or from doubles. */
static void host_state(Cell *cell, double *values, int put) {
  Stand *stand;
  int s;
  foreachstand(stand, s, cell->standlist) for (int l = 0; l < BOTTOMLAYER; ++l) {
    Soil *soil = &stand->soil;
    double *at = values + (s * BOTTOMLAYER + l) * 4, *own[4] = {&soil->NH4[l], &soil->w_fw[l], &soil->ice_fw[l], &soil->NO3[l]};
    for (int k = 0; k < 4; ++k)
      put ? (*own[k] = at[k]) : (at[k] = *own[k]);
  }
}

static void print_words(FILE *file, const double *values, int count) {
  for (int i = 0; i < count; ++i) {
    uint64_t word;
    memcpy(&word, values + i, 8);
    fprintf(file, " %016" PRIX64, word);
  }
}

static FILE *part(const char *name, int first) {
  char path[1024];
  snprintf(path, sizeof path, "%s.%d", name, first);
  return fopen(path, "w");
}

int main(int argc, char **argv) {
  int rank = 0, ranks = 1, total, first, n;
  char line[256];
  if (argc < 9)
    return 2;
#ifdef MOCK_MPI
  MPI_Init(&argc, &argv), MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_Comm_size(MPI_COMM_WORLD, &ranks);
#endif
  total = atoi(argv[1]), first = rank * total / ranks, n = (rank + 1) * total / ranks - first;
  Cell *grid = calloc((size_t)n + 1, sizeof *grid);
  Standlist *lists = calloc((size_t)n + 1, sizeof *lists);
  double *caco3 = calloc((size_t)n + 1, 8), *state = calloc((size_t)(n + 1) * STATE, 8);
  for (int c = 0; c < n; ++c) {
    const int number = first + c + 1;
    grid[c].soilph = 5.2 + 0.3 * (number % 6), caco3[c] = 0.04 * (number % 6);
    grid[c].standlist = lists + c, lists[c].n = number == 4 ? 0 : 1 + number % MAX_STANDS;
    for (int s = 0; s < lists[c].n; ++s) {
      Soil *soil = &lists[c].stand[s].soil;
      lists[c].stand[s].frac = 1.0 / lists[c].n, lists[c].stand[s].cell = grid + c;
      for (int l = 0; l < BOTTOMLAYER; ++l)
        soil->w[l] = 0.8, soil->whcs[l] = 0.15 * soildepth[l], soil->wpwps[l] = 0.1 * soildepth[l], soil->NH4[l] = 1.0;
    }
  }
  const calcisol_lpjml_map map = {.caco3 = caco3};
  double *last_ph = calloc((size_t)n + 1, 8);
  if (strcmp(argv[4], "-")) { /* the restart of all cells, one line each; ours are those of this rank */
    FILE *file = fopen(argv[4], "r");
    int number;
    for (; file && fscanf(file, "%d", &number) == 1;) {
      double line[HEAD + STATE];
      for (int i = 0; i < HEAD + STATE; ++i) {
        uint64_t word;
        if (fscanf(file, "%" SCNx64, &word) != 1)
          return 3;
        memcpy(line + i, &word, 8);
      }
      if (number <= first || number > first + n)
        continue;
      host_state(grid + number - first - 1, line, 1);
      last_ph[number - first - 1] = line[HEAD - 1];
      for (int i = 0; i < STATE; ++i)
        state[i * n + number - first - 1] = line[HEAD + i];
    }
    fclose(file);
  }
  calcisol_lpjml_soil.thickest_layer = argc > 9 ? atof(argv[9]) : 0.0;
  must(calcisol_lpjml_start(strcmp(argv[7], "-") ? argv[7] : NULL, (calcisol_lpjml_reads)atoi(argv[8]), grid, n, &map));
  if (strcmp(argv[4], "-") && strcmp(argv[7], "-"))
    must(calcisol_soil_state(&calcisol_lpjml_soil, state, 1));
  for (int c = 0; c < n; ++c)
    if (last_ph[c] > 0.0)
      grid[c].soilph = last_ph[c];
  for (int c = 0; c < n; ++c)
    grid[c].fsoilph = f_ph(grid[c].soilph);
  for (int day = atoi(argv[2]); day <= atoi(argv[3]); ++day) {
    for (int c = 0; c < n; ++c) {
      update_daily_cell(grid + c, first + c + 1, day);
      calcisol_lpjml_gather(grid + c);
    }
    must(calcisol_lpjml_step());
    for (int c = 0; c < n; ++c) {
      grid[c].soilph = calcisol_lpjml_ph(grid + c);
      grid[c].fsoilph = f_ph(grid[c].soilph); /* cached at start in LPJmL: made again every day */
    }
  }
  if (strcmp(argv[7], "-"))
    must(calcisol_soil_state(&calcisol_lpjml_soil, state, 0));
  FILE *restart = strcmp(argv[5], "-") && n ? part(argv[5], first + 1) : NULL, *results = n ? part(argv[6], first + 1) : NULL;
  for (int c = 0; c < n; ++c) {
    double head[HEAD] = {0}, sums[6] = {0};
    host_state(grid + c, head, 0);
    head[HEAD - 1] = grid[c].soilph;
    for (int i = 0; i < HEAD - 1; ++i)
      sums[i % 4 == 3 ? 0 : i % 4] += head[i]; /* ammonium and nitrate, water, ice */
    sums[3] = caco3[c], sums[4] = grid[c].soilph, sums[5] = calcisol_lpjml_co2(grid + c);
    fprintf(results, "%d", first + c + 1), print_words(results, sums, 6), fputc('\n', results);
    if (restart) {
      double line[STATE];
      for (int i = 0; i < STATE; ++i)
        line[i] = state[i * n + c];
      fprintf(restart, "%d", first + c + 1), print_words(restart, head, HEAD), print_words(restart, line, STATE);
      fputc('\n', restart);
    }
  }
  if (restart)
    fclose(restart);
  if (results)
    fclose(results);
  if (calcisol_lpjml_soil.on && n) {
    const double *worst = calcisol_lpjml_soil.worst;
    calcisol_soil_line(&calcisol_lpjml_soil, line, sizeof line);
    printf("%s\nworst%9.1e%9.1e%9.1e\n", line, worst[0], worst[1], worst[2]);
  }
  calcisol_soil_finish(&calcisol_lpjml_soil);
  free(grid), free(lists), free(caco3), free(state), free(last_ph);
#ifdef MOCK_MPI
  MPI_Finalize();
#endif
  return 0;
}

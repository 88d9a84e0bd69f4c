/* Columns dealt out to MPI ranks: rank 0 reads the bundle and broadcasts it, every rank opens it from memory, steps its
 * columns, and rank 0 writes all outputs and states in the order of the columns. The file must not depend on the number
 * of ranks, nor on how columns are dealt out, nor on where a restart cut the run.
 * Use: mpirun -n N ranks BUNDLE block|cyclic FIRST LAST RESTART_IN RESULT; steps FIRST to LAST, "-" = from the beginning. */
#include <calcisol.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NCOL = 37, NLAY = 10, SLOTS = CALCISOL_N_STATE, RECORD = (SLOTS + 1) * NLAY };
#define MONTH (365.0 * 86400.0 / 12.0) /* s: where the network of the shipped bundle answers */

static const double dz[NLAY] = {0.25, 0.1, 0.1, 0.1, 0.1, 0.1, 0.15, 0.15, 0.15, 0.15};
static double record[NCOL][RECORD], all[NCOL][RECORD];

static void must(int fine, const char *what) {
  if (fine) return;
  fprintf(stderr, "%s: %s\n", what, calcisol_last_error());
  MPI_Abort(MPI_COMM_WORLD, 1);
}

int main(int argc, char **argv) {
  int rank, ranks, mine[NCOL], n = 0;
  long size = 0;
  char *bytes = NULL;
  calcisol_model *model = NULL;
  calcisol_columns *soil = NULL;
  calcisol_options options;
  calcisol_view properties[CALCISOL_N_STATIC] = {{0}}, in[CALCISOL_N_FORCING] = {{0}};
  calcisol_target out[CALCISOL_N_OUTPUT] = {{0}};
  double w_liq[NCOL][NLAY], t_soil[NCOL], q_bot[NCOL], resp[NCOL], caco3[NCOL], dep[NCOL];
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank), MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  must(argc == 7, "usage");
  for (int c = 0; c < NCOL; ++c) { /* block: the last rank has no land when there are more than one */
    const int owners = ranks > 1 ? ranks - 1 : 1, owner = !strcmp(argv[2], "block") ? c * owners / NCOL : c % ranks;
    if (owner == rank) mine[n++] = c;
  }
  if (rank == 0) {
    FILE *file = fopen(argv[1], "rb");
    must(file && !fseek(file, 0, SEEK_END) && (size = ftell(file)) > 0, "bundle");
    rewind(file), bytes = malloc((size_t)size);
    must(bytes && fread(bytes, 1, (size_t)size, file) == (size_t)size, "bundle");
    fclose(file);
  }
  MPI_Bcast(&size, 1, MPI_LONG, 0, MPI_COMM_WORLD);
  if (rank) must((bytes = malloc((size_t)size)) != NULL, "memory");
  MPI_Bcast(bytes, (int)size, MPI_CHAR, 0, MPI_COMM_WORLD);
  must(!calcisol_options_init(&options, sizeof options), "options");
  options.tile_columns = 8; /* few columns a rank; the same bits as with 128 */
  must(!calcisol_open_from_memory(bytes, size, &options, &model), "open");
  free(bytes);

  for (int i = 0; i < n; ++i) caco3[i] = 0.01 + 0.005 * mine[i];
  properties[CALCISOL_SOIL_DZ] = calcisol_f64(dz, 0, 1);
  properties[CALCISOL_SOIL_CACO3] = calcisol_f64(caco3, 1, 0);
  must(!calcisol_columns_create(model, n, NLAY, properties, CALCISOL_N_STATIC, NULL, &soil), "create");
  if (strcmp(argv[5], "-")) {
    FILE *file = fopen(argv[5], "rb");
    must(file && fread(all, sizeof all, 1, file) == 1, "restart");
    fclose(file);
    for (int i = 0; i < n; ++i) memcpy(record[i], all[mine[i]], sizeof record[i]);
    for (int slot = 0; slot < SLOTS; ++slot) {
      const calcisol_view view = calcisol_f64(&record[0][slot * NLAY], RECORD, 1);
      must(!calcisol_state_set(soil, slot, &view), "state_set");
    }
  }
  in[CALCISOL_W_LIQ] = calcisol_f64(&w_liq[0][0], NLAY, 1), in[CALCISOL_T_SOIL] = calcisol_f64(t_soil, 1, 0);
  in[CALCISOL_Q_BOT] = calcisol_f64(q_bot, 1, 0), in[CALCISOL_CO2_SRC_TOTAL] = calcisol_f64(resp, 1, 0);
  in[CALCISOL_DEP_NO3] = calcisol_f64(dep, 1, 0);
  out[CALCISOL_OUT_PH] = calcisol_to_f64(&record[0][SLOTS * NLAY], RECORD, 1);
  for (int step = atoi(argv[3]); step <= atoi(argv[4]); ++step) {
    for (int i = 0; i < n; ++i) {
      const int c = mine[i];
      t_soil[i] = 280.0 + 0.1 * c + 0.3 * step, q_bot[i] = (200.0 + 5.0 * c) / (12.0 * MONTH);
      resp[i] = (0.4 + 0.01 * c) / (12.0 * MONTH), dep[i] = 0.3 / (12.0 * MONTH);
      for (int l = 0; l < NLAY; ++l) w_liq[i][l] = (285.0 + 0.2 * c + step) * dz[l];
    }
    must(!calcisol_step(soil, MONTH, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL), "step");
  }
  for (int slot = 0; slot < SLOTS; ++slot) {
    const calcisol_target target = calcisol_to_f64(&record[0][slot * NLAY], RECORD, 1);
    must(!calcisol_state_get(soil, slot, &target), "state_get");
  }
  memset(all, 0, sizeof all); /* every column has one owner: a sum of bits is a gather */
  for (int i = 0; i < n; ++i) memcpy(all[mine[i]], record[i], sizeof record[i]);
  memcpy(record, all, sizeof record);
  MPI_Reduce(record, all, NCOL * RECORD, MPI_UINT64_T, MPI_BOR, 0, MPI_COMM_WORLD);
  if (rank == 0) {
    FILE *file = fopen(argv[6], "wb");
    must(file && fwrite(all, sizeof all, 1, file) == 1 && !fclose(file), "result");
  }
  calcisol_columns_free(&soil), calcisol_close(&model);
  MPI_Finalize();
  return 0;
}

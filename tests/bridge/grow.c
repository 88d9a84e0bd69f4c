/* Memory of a process over many steps, and over opening and closing: it must not grow.
 * Use: grow BUNDLE STEPS ROUNDS; prints kilobytes gained by the steps and by the rounds. */
#define _GNU_SOURCE
#include <calcisol.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NCOL = 8, NLAY = 3 };
static double dz = 0.1, w_liq = 20.0, t_soil = 280.0, q_bot = 1e-6, ph[NCOL * NLAY];
static int failed;

static long resident(void) { /* kB; freed memory is given back first, so that only what is held counts */
  long total = 0, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  malloc_trim(0);
  if (!file || fscanf(file, "%ld %ld", &total, &pages) != 2) failed = 1;
  if (file) fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void run(const char *bundle, long steps, long from, long *gained) {
  calcisol_view soil[CALCISOL_N_STATIC] = {{0}}, in[CALCISOL_N_FORCING] = {{0}};
  calcisol_target out[CALCISOL_N_OUTPUT] = {{0}};
  calcisol_options options;
  calcisol_model *model = NULL;
  calcisol_columns *columns = NULL;
  calcisol_report report = {0};
  long start = 0;
  calcisol_options_init(&options, sizeof options);
  options.tile_columns = 8;
  report.struct_size = sizeof report;
  soil[CALCISOL_SOIL_DZ] = calcisol_f64(&dz, 0, 0);
  in[CALCISOL_W_LIQ] = calcisol_f64(&w_liq, 0, 0), in[CALCISOL_T_SOIL] = calcisol_f64(&t_soil, 0, 0);
  in[CALCISOL_Q_BOT] = calcisol_f64(&q_bot, 0, 0);
  out[CALCISOL_OUT_PH] = calcisol_to_f64(ph, 1, NCOL);
  failed |= calcisol_open(bundle, &options, &model);
  failed |= calcisol_columns_create(model, NCOL, NLAY, soil, CALCISOL_N_STATIC, NULL, &columns);
  for (long i = 0; i < steps && !failed; ++i) {
    if (i == from) start = resident();
    t_soil = 280.0 + 0.01 * (double)(i % 100); /* out of range and missing now and then: their texts must not pile up */
    w_liq = i % 50 == 7 ? -1.0 : i % 50 == 9 ? -9999.0 : 20.0;
    failed |= calcisol_step(columns, 3600.0, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, &report);
    if (i % 10 == 0) failed |= calcisol_step(columns, -1.0, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL) != CALCISOL_ERROR_ARGUMENT;
  }
  if (gained) *gained = resident() - start;
  calcisol_columns_free(&columns), calcisol_close(&model);
}

int main(int argc, char **argv) {
  long by_steps = 0;
  if (argc != 4) return 255;
  run(argv[1], atol(argv[2]), atol(argv[2]) / 10, &by_steps);
  for (int i = 0; i < 3; ++i) run(argv[1], 2, 0, NULL);
  const long before = resident(), rounds = atol(argv[3]);
  for (long i = 0; i < rounds; ++i) run(argv[1], 2, 0, NULL);
  printf("%ld %ld\n", by_steps, resident() - before);
  if (failed) printf("failed: %s\n", calcisol_last_error());
  return failed;
}

/* Two threads, one model, a columns object each: the same bits as one after the other.
 * Use: threads BUNDLE; returns 0 when so. */
#include <calcisol.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { NCOL = 150, NLAY = 8, NSTEPS = 40 };

typedef struct job {
  calcisol_model *model;
  double offset, ph[NLAY * NCOL];
  int failed;
} job;

static void *run(void *argument) {
  job *my = argument;
  double dz = 0.1, q_bot = 1e-6, w_liq = 20.0, t_soil = 280.0 + my->offset, co2[NCOL];
  calcisol_view soil[CALCISOL_N_STATIC] = {{0}}, in[CALCISOL_N_FORCING] = {{0}};
  calcisol_target out[CALCISOL_N_OUTPUT] = {{0}};
  calcisol_columns *columns = NULL;
  for (int c = 0; c < NCOL; ++c) co2[c] = 1e-9 * (c + 1) * (1.0 + my->offset);
  soil[CALCISOL_SOIL_DZ] = calcisol_f64(&dz, 0, 0);
  in[CALCISOL_W_LIQ] = calcisol_f64(&w_liq, 0, 0);
  in[CALCISOL_T_SOIL] = calcisol_f64(&t_soil, 0, 0);
  in[CALCISOL_Q_BOT] = calcisol_f64(&q_bot, 0, 0);
  in[CALCISOL_CO2_SRC] = calcisol_f64(co2, 1, 0);
  out[CALCISOL_OUT_PH] = calcisol_to_f64(my->ph, 1, NCOL);
  my->failed = calcisol_columns_create(my->model, NCOL, NLAY, soil, CALCISOL_N_STATIC, NULL, &columns);
  for (int i = 0; i < NSTEPS && !my->failed; ++i)
    my->failed = calcisol_step(columns, 3600.0, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL);
  if (my->failed) printf("%s\n", calcisol_last_error());
  calcisol_columns_free(&columns);
  return NULL;
}

static job alone[2], together[2];

int main(int argc, char **argv) {
  calcisol_model *model = NULL;
  pthread_t thread[2];
  int different = 0;
  if (argc != 2 || calcisol_open(argv[1], NULL, &model)) return printf("%s\n", calcisol_last_error()), 2;
  for (int i = 0; i < 2; ++i) {
    alone[i].model = together[i].model = model;
    alone[i].offset = together[i].offset = i;
    run(&alone[i]);
  }
  for (int i = 0; i < 2; ++i)
    if (pthread_create(&thread[i], NULL, run, &together[i])) return 2;
  for (int i = 0; i < 2; ++i) pthread_join(thread[i], NULL);
  for (int i = 0; i < 2; ++i)
    different += alone[i].failed || together[i].failed || memcmp(alone[i].ph, together[i].ph, sizeof alone[i].ph);
  if (!memcmp(alone[0].ph, alone[1].ph, sizeof alone[0].ph)) different += 4; /* the two jobs are not the same */
  calcisol_close(&model);
  printf("%d different\n", different);
  return different;
}

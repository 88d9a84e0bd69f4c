/* When torch comes in: not with the library, but with the first bundle that TorchScript is to step.
 * Use: lazy BUNDLE EXPECTED ENGINE; EXPECTED is the status of open. Prints the text of a failed open, or the first pH. Linux. */
#include <calcisol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int torch_is_here(void) {
  char line[4096];
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  if (!maps) exit(255);
  while (fgets(line, sizeof line, maps)) found = found || strstr(line, "libtorch") != NULL;
  fclose(maps);
  return found;
}

/* Everything a bundle can do, once. */
static int use(calcisol_model *model) {
  double dz = 0.1, w_liq = 20.0, t_soil = 280.0, q_bot = 0.0, ph = 0.0, lab = 0.0;
  calcisol_view soil[CALCISOL_N_STATIC] = {{0}}, in[CALCISOL_N_FORCING] = {{0}};
  calcisol_target out[CALCISOL_N_OUTPUT] = {{0}}, laboratory[CALCISOL_N_LAB] = {{0}};
  calcisol_columns *columns = NULL;
  soil[CALCISOL_SOIL_DZ] = calcisol_f64(&dz, 0, 0), in[CALCISOL_W_LIQ] = calcisol_f64(&w_liq, 0, 0);
  in[CALCISOL_T_SOIL] = calcisol_f64(&t_soil, 0, 0), in[CALCISOL_Q_BOT] = calcisol_f64(&q_bot, 0, 0);
  out[CALCISOL_OUT_PH] = calcisol_to_f64(&ph, 0, 0), laboratory[0] = calcisol_to_f64(&lab, 0, 0);
  int bad = calcisol_columns_create(model, 1, 1, soil, CALCISOL_N_STATIC, NULL, &columns) || calcisol_warmup(columns) ||
            calcisol_step(columns, 3600.0, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL) ||
            calcisol_laboratory_ph(columns, laboratory, CALCISOL_N_LAB);
  calcisol_columns_free(&columns);
  return bad || !(ph > 2.0 && ph < 12.0 && lab > 2.0 && lab < 12.0);
}

int main(int argc, char **argv) {
  calcisol_options options;
  calcisol_model *model = NULL;
  calcisol_variable_info info;
  int32_t devices;
  if (argc != 4) return 255;
  /* all a host does that does not use its soil chemistry in this run, or on this rank */
  if (calcisol_abi_version() != CALCISOL_ABI_VERSION || calcisol_variable_count(CALCISOL_ROLE_FORCING) != CALCISOL_N_FORCING) return 1;
  if (calcisol_options_init(&options, sizeof options) || calcisol_device_count(&devices)) return 2;
  if (calcisol_variable_get(CALCISOL_ROLE_OUTPUT, 0, &info) || strcmp(calcisol_status_string(CALCISOL_ERROR_TORCH), "torch")) return 3;
  calcisol_close(&model);
  options.engine = atoi(argv[3]);
  if (torch_is_here()) return puts("torch was loaded before any bundle"), 4;
  for (int i = 0; i < 2; ++i) { /* a failure is not remembered: it is told again */
    const calcisol_status status = calcisol_open(argv[1], &options, &model);
    if (status) puts(calcisol_last_error());
    if (status != atoi(argv[2])) return 5;
    if (!status && use(model)) return puts(calcisol_last_error()), 7;
    calcisol_close(&model);
  }
  /* one that was asked for and refused may be there: it was looked at */
  if (options.engine == CALCISOL_ENGINE_TORCHSCRIPT && atoi(argv[2]) != CALCISOL_OK) return 0;
  return torch_is_here() == (options.engine == CALCISOL_ENGINE_TORCHSCRIPT) ? 0 : 6;
}

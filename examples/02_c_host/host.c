/* A host in C: a few columns with layers as neighbours in memory, one hundred days, bits of the flag looked at.
 * Use: ./host BUNDLE */
#include <calcisol.h>
#include <stdio.h>

enum { NCOL = 3, NLAY = 5 };
#define DAY 86400.0 /* s */

static int failed(const char *call) {
  fprintf(stderr, "%s: %s\n", call, calcisol_last_error());
  return 1;
}

int main(int argc, char **argv) {
  calcisol_model *model = NULL;
  calcisol_columns *soil = NULL;
  calcisol_options options;
  calcisol_view properties[CALCISOL_N_STATIC] = {{0}}, forcing[CALCISOL_N_FORCING] = {{0}};
  calcisol_target output[CALCISOL_N_OUTPUT] = {{0}}, flag_target;
  double dz[NLAY] = {0.1, 0.1, 0.2, 0.3, 0.3};         /* m; the same for all columns: column stride 0 */
  double caco3[NCOL] = {0.0, 0.02, 0.20};              /* kg kg-1; the same for all layers: layer stride 0 */
  double w_liq[NCOL][NLAY], t_soil[NCOL][NLAY], q_bot[NCOL], respiration[NCOL];
  double ph[NCOL][NLAY], co2_adj[NCOL];
  int32_t flag[NCOL][NLAY];

  if (argc < 2) return fprintf(stderr, "usage: host BUNDLE\n"), 2;
  if (calcisol_abi_version() != CALCISOL_ABI_VERSION) return fprintf(stderr, "another ABI version\n"), 2;
  calcisol_options_init(&options, sizeof options);
  options.tile_columns = 8; /* few columns: a small tile */
  if (calcisol_open(argv[1], &options, &model)) return failed("open");

  properties[CALCISOL_SOIL_DZ] = calcisol_f64(dz, 0, 1);
  properties[CALCISOL_SOIL_CACO3] = calcisol_f64(caco3, 1, 0);
  if (calcisol_columns_create(model, NCOL, NLAY, properties, CALCISOL_N_STATIC, NULL, &soil)) return failed("create");
  calcisol_close(&model); /* the columns keep what they need */

  forcing[CALCISOL_W_LIQ] = calcisol_f64(&w_liq[0][0], NLAY, 1);
  forcing[CALCISOL_T_SOIL] = calcisol_f64(&t_soil[0][0], NLAY, 1);
  forcing[CALCISOL_Q_BOT] = calcisol_f64(q_bot, 1, 0);
  forcing[CALCISOL_CO2_SRC_TOTAL] = calcisol_f64(respiration, 1, 0);
  output[CALCISOL_OUT_PH] = calcisol_to_f64(&ph[0][0], NLAY, 1);
  output[CALCISOL_OUT_CO2_ADJ] = calcisol_to_f64(co2_adj, 1, 0);
  flag_target = calcisol_to_i32(&flag[0][0], NLAY, 1);

  for (int day = 1; day <= 100; ++day) {
    calcisol_report report = {0};
    report.struct_size = sizeof report;
    for (int c = 0; c < NCOL; ++c) {
      q_bot[c] = 300.0 / (365.0 * DAY);      /* kg m-2 s-1 */
      respiration[c] = 0.7 / (365.0 * DAY);  /* kg C m-2 s-1 */
      for (int l = 0; l < NLAY; ++l) w_liq[c][l] = 250.0 * dz[l], t_soil[c][l] = 285.0;
    }
    if (day == 50) t_soil[1][2] = -9999.0; /* a missing value: that column waits, the others go on */
    if (calcisol_step(soil, DAY, forcing, CALCISOL_N_FORCING, output, CALCISOL_N_OUTPUT, &flag_target, &report))
      return failed("step");
    if (report.columns_invalid > 0)
      printf("day %d: %d column waits: %s\n", day, (int)report.columns_invalid, calcisol_last_error());
  }
  for (int c = 0; c < NCOL; ++c)
    printf("column %d: CaCO3 %.2f, pH %.3f at the surface, %.3f at the bottom, CO2 adjustment %.4f g m-2 a-1\n", c + 1,
           caco3[c], ph[c][0], ph[c][NLAY - 1], co2_adj[c] * 1000.0 * 365.0 * DAY);
  calcisol_columns_free(&soil);
  return 0;
}

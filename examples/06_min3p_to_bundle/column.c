/* One column with the bundle of this example: the second lysimeter's soil, twenty years, with and without nitrogen.
 * Use: ./column BUNDLE */
#include <calcisol.h>
#include <stdio.h>

enum { NLAY = 4, NCOL = 2, YEARS = 20 };
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
  calcisol_target output[CALCISOL_N_OUTPUT] = {{0}}, none = {0};
  double dz[NLAY] = {0.15, 0.20, 0.30, 0.35};             /* m */
  double cec[NLAY] = {0.18, 0.17, 0.15, 0.13};            /* mol kg-1 */
  double caco3[NLAY] = {0.02, 0.03, 0.03, 0.03};          /* kg kg-1 */
  double w_liq[NLAY], t_soil[NLAY], q_bot = 300.0 / (365.0 * DAY), respiration = 0.65 / (365.0 * DAY);
  /* mol m-2 s-1 of each: 150 kg N ha-1 a-1 as NH4NO3 */
  double nitrogen[NCOL] = {0.0, 15.0e-3 / CALCISOL_MOLAR_MASS_N / 2.0 / (365.0 * DAY)};
  double nitrified[NCOL][NLAY] = {{0}};                                    /* kg N m-2 s-1 */
  double ph[NCOL][NLAY], sic[NCOL][NLAY], first = 0.0;

  if (argc < 2) return fprintf(stderr, "usage: column BUNDLE\n"), 2;
  calcisol_options_init(&options, sizeof options);
  options.tile_columns = 8;
  if (calcisol_open(argv[1], &options, &model)) return failed("open");
  properties[CALCISOL_SOIL_DZ] = calcisol_f64(dz, 0, 1);
  properties[CALCISOL_SOIL_CEC] = calcisol_f64(cec, 0, 1);
  properties[CALCISOL_SOIL_CACO3] = calcisol_f64(caco3, 0, 1);
  if (calcisol_columns_create(model, NCOL, NLAY, properties, CALCISOL_N_STATIC, NULL, &soil)) return failed("create");
  calcisol_close(&model);

  for (int l = 0; l < NLAY; ++l) w_liq[l] = 300.0 * dz[l], t_soil[l] = 283.15;
  nitrified[1][0] = nitrogen[1] * CALCISOL_MOLAR_MASS_N; /* what is applied as ammonium nitrifies in the first layer */
  forcing[CALCISOL_W_LIQ] = calcisol_f64(w_liq, 0, 1);
  forcing[CALCISOL_T_SOIL] = calcisol_f64(t_soil, 0, 1);
  forcing[CALCISOL_Q_BOT] = calcisol_f64(&q_bot, 0, 0);
  forcing[CALCISOL_CO2_SRC_TOTAL] = calcisol_f64(&respiration, 0, 0);
  forcing[CALCISOL_DEP_NH4] = calcisol_f64(nitrogen, 1, 0);
  forcing[CALCISOL_DEP_NO3] = calcisol_f64(nitrogen, 1, 0);
  forcing[CALCISOL_N_NIT] = calcisol_f64(&nitrified[0][0], NLAY, 1);
  output[CALCISOL_OUT_PH] = calcisol_to_f64(&ph[0][0], NLAY, 1);
  output[CALCISOL_OUT_SIC] = calcisol_to_f64(&sic[0][0], NLAY, 1);
  for (int week = 0; week < 52 * YEARS; ++week) {
    calcisol_report report = {0};
    report.struct_size = sizeof report;
    if (calcisol_step(soil, 365.0 * DAY / 52.0, forcing, CALCISOL_N_FORCING, output, CALCISOL_N_OUTPUT, &none, &report))
      return failed("step");
    if (week == 0)
      for (int l = 0; l < NLAY; ++l) first += sic[0][l];
  }
  for (int c = 0; c < NCOL; ++c) {
    double left = 0.0;
    for (int l = 0; l < NLAY; ++l) left += sic[c][l];
    printf("%s nitrogen: pH %.2f in the first layer, carbonate lost in %d years %.2f kg C m-2\n", c ? "150 kg of" : "without", ph[c][0],
           YEARS, first - left);
  }
  calcisol_columns_free(&soil);
  return 0;
}

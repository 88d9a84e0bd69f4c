/* What careless hosts do to the C ABI: every call must answer with a status and a sentence, none may crash.
 * Use: abuse GOOD_BUNDLE THROWING_BUNDLE TRUNCATED TAMPERED FOREIGN_SCHEMA; prints the sentences, returns the number of failures. */
#include <calcisol.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { NCOL = 5, NLAY = 3 };
static int failures = 0;

#define EXPECT(condition)                                                                                              \
  do {                                                                                                                 \
    if (!(condition)) ++failures, printf("line %d: not so: %s (%s)\n", __LINE__, #condition, calcisol_last_error());   \
  } while (0)
/* the call fails with this status, and with one sentence that holds this word */
#define REFUSED(call, expected, word)                                                                                  \
  do {                                                                                                                 \
    EXPECT((call) == (expected));                                                                                      \
    EXPECT(strstr(calcisol_last_error(), word) != NULL);                                                               \
    EXPECT(strchr(calcisol_last_error(), '\n') == NULL);                                                               \
    printf("%s\n", calcisol_last_error());                                                                             \
  } while (0)

static double dz[NLAY] = {0.1, 0.2, 0.3}, w_liq[NCOL * NLAY], t_soil[NCOL * NLAY], q_bot[NCOL], co2[NCOL * NLAY];
static double ph[NCOL * NLAY], before[NCOL * NLAY], after[NCOL * NLAY];
static int32_t flag[NCOL * NLAY];
static calcisol_view soil[CALCISOL_N_STATIC], in[CALCISOL_N_FORCING];
static calcisol_target out[CALCISOL_N_OUTPUT], flags;

static calcisol_status step(calcisol_columns *columns, calcisol_report *report) {
  return calcisol_step(columns, 1800.0, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, &flags, report);
}

static void fill(void) {
  for (int i = 0; i < NCOL * NLAY; ++i) w_liq[i] = 20.0, t_soil[i] = 280.0, co2[i] = 1e-8 * i;
  memset(in, 0, sizeof in), memset(out, 0, sizeof out), memset(soil, 0, sizeof soil);
  soil[CALCISOL_SOIL_DZ] = calcisol_f64(dz, 0, 1);
  in[CALCISOL_W_LIQ] = calcisol_f64(w_liq, 1, NCOL);
  in[CALCISOL_T_SOIL] = calcisol_f64(t_soil, 1, NCOL);
  in[CALCISOL_Q_BOT] = calcisol_f64(q_bot, 1, 0);
  in[CALCISOL_CO2_SRC] = calcisol_f64(co2, 1, NCOL);
  out[CALCISOL_OUT_PH] = calcisol_to_f64(ph, 1, NCOL);
  flags = calcisol_to_i32(flag, 1, NCOL);
}

static void opening(char **argv) {
  calcisol_model *model = NULL, *second = NULL;
  calcisol_options options;
  const char *json = NULL;
  REFUSED(calcisol_open(NULL, NULL, &model), CALCISOL_ERROR_ARGUMENT, "path");
  REFUSED(calcisol_open(argv[1], NULL, NULL), CALCISOL_ERROR_ARGUMENT, "handle");
  REFUSED(calcisol_open("no/such/file", NULL, &model), CALCISOL_ERROR_BUNDLE, "no/such/file");
  REFUSED(calcisol_open(argv[0], NULL, &model), CALCISOL_ERROR_BUNDLE, "no bundle");
  REFUSED(calcisol_open(argv[3], NULL, &model), CALCISOL_ERROR_BUNDLE, "cut short");
  REFUSED(calcisol_open(argv[4], NULL, &model), CALCISOL_ERROR_BUNDLE, "changed");
  REFUSED(calcisol_open(argv[5], NULL, &model), CALCISOL_ERROR_BUNDLE, "schema");
  REFUSED(calcisol_open_from_memory(NULL, 10, NULL, &model), CALCISOL_ERROR_ARGUMENT, "memory");
  REFUSED(calcisol_open_from_memory("PK", 2, NULL, &model), CALCISOL_ERROR_BUNDLE, "bundle");
  memset(&options, 0, sizeof options);
  REFUSED(calcisol_open(argv[1], &options, &model), CALCISOL_ERROR_ARGUMENT, "struct_size");
  EXPECT(calcisol_options_init(&options, sizeof options) == CALCISOL_OK);
  options.device = CALCISOL_DEVICE;
  REFUSED(calcisol_open(argv[1], &options, &model), CALCISOL_ERROR_UNSUPPORTED, "CUDA");
  options.device = CALCISOL_HOST, options.tile_columns = 12;
  REFUSED(calcisol_open(argv[1], &options, &model), CALCISOL_ERROR_ARGUMENT, "tile_columns");
  EXPECT(model == NULL);
  EXPECT(calcisol_open(argv[1], NULL, &model) == CALCISOL_OK);
  REFUSED(calcisol_open(argv[1], NULL, &model), CALCISOL_ERROR_ARGUMENT, "in use");
  EXPECT(calcisol_open(argv[1], NULL, &second) == CALCISOL_OK); /* open twice: two models */
  REFUSED(calcisol_describe(model, NULL), CALCISOL_ERROR_ARGUMENT, "json");
  EXPECT(calcisol_describe(model, &json) == CALCISOL_OK && strstr(json, "calcisol-bundle"));
  calcisol_close(&model), calcisol_close(&model), calcisol_close(&second), calcisol_close(NULL);
  EXPECT(model == NULL && second == NULL);
  REFUSED(calcisol_describe(model, &json), CALCISOL_ERROR_ARGUMENT, "NULL");
}

/* Options of an older and of a newer calcisol.h. */
static void growth(char **argv) {
  union { calcisol_options options; unsigned char bytes[sizeof(calcisol_options) + 16]; } newer;
  const int64_t older = offsetof(calcisol_options, log), longer = sizeof newer;
  calcisol_model *model = NULL;
  memset(&newer, 0xEE, sizeof newer);
  EXPECT(calcisol_options_init(&newer.options, older) == CALCISOL_OK);
  EXPECT(newer.bytes[older] == 0xEE && newer.options.struct_size == older); /* nothing beyond what the host has */
  EXPECT(calcisol_open(argv[1], &newer.options, &model) == CALCISOL_OK);    /* and nothing read: log is rubbish here */
  calcisol_close(&model);
  EXPECT(calcisol_options_init(&newer.options, longer) == CALCISOL_OK && newer.bytes[longer - 1] == 0);
  EXPECT(calcisol_open(argv[1], &newer.options, &model) == CALCISOL_OK);
  calcisol_close(&model);
  newer.bytes[longer - 1] = 1;
  REFUSED(calcisol_open(argv[1], &newer.options, &model), CALCISOL_ERROR_UNSUPPORTED, "field");
  REFUSED(calcisol_options_init(&newer.options, older - 1), CALCISOL_ERROR_ARGUMENT, "struct_size");
}

static void arguments(char **argv) {
  calcisol_model *model = NULL;
  calcisol_columns *columns = NULL, *none = NULL;
  calcisol_report report = {0};
  calcisol_variable_info info;
  EXPECT(calcisol_open(argv[1], NULL, &model) == CALCISOL_OK);
  fill();
  REFUSED(calcisol_columns_create(NULL, NCOL, NLAY, soil, CALCISOL_N_STATIC, NULL, &columns), CALCISOL_ERROR_ARGUMENT, "model");
  REFUSED(calcisol_columns_create(model, -1, NLAY, soil, CALCISOL_N_STATIC, NULL, &columns), CALCISOL_ERROR_ARGUMENT, "ncol");
  REFUSED(calcisol_columns_create(model, NCOL, 0, soil, CALCISOL_N_STATIC, NULL, &columns), CALCISOL_ERROR_ARGUMENT, "nlay");
  REFUSED(calcisol_columns_create(model, NCOL, 61, soil, CALCISOL_N_STATIC, NULL, &columns), CALCISOL_ERROR_ARGUMENT, "nlay");
  REFUSED(calcisol_columns_create(model, NCOL, NLAY, soil, 3, NULL, &columns), CALCISOL_ERROR_ARGUMENT, "views");
  REFUSED(calcisol_columns_create(model, NCOL, NLAY, NULL, CALCISOL_N_STATIC, NULL, &columns), CALCISOL_ERROR_ARGUMENT, "NULL");
  REFUSED(calcisol_columns_create(model, NCOL, NLAY, soil, CALCISOL_N_STATIC, &report, &columns), CALCISOL_ERROR_ARGUMENT, "struct_size");
  soil[CALCISOL_SOIL_DZ].data = NULL;
  REFUSED(calcisol_columns_create(model, NCOL, NLAY, soil, CALCISOL_N_STATIC, NULL, &columns), CALCISOL_ERROR_MISSING, "dz");
  fill();
  EXPECT(columns == NULL);
  EXPECT(calcisol_columns_create(model, NCOL, NLAY, soil, CALCISOL_N_STATIC, NULL, &columns) == CALCISOL_OK);

  REFUSED(step(NULL, NULL), CALCISOL_ERROR_ARGUMENT, "columns");
  for (int i = 0; i < 4; ++i) {
    const double bad[] = {0.0, -5.0, 1e9, NAN};
    REFUSED(calcisol_step(columns, bad[i], in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL), CALCISOL_ERROR_ARGUMENT, "dt");
  }
  REFUSED(calcisol_step(columns, 60.0, in, 2, out, CALCISOL_N_OUTPUT, NULL, NULL), CALCISOL_ERROR_ARGUMENT, "forcing");
  REFUSED(calcisol_step(columns, 60.0, NULL, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL), CALCISOL_ERROR_ARGUMENT, "NULL");
  REFUSED(calcisol_step(columns, 60.0, in, CALCISOL_N_FORCING, out, 0, NULL, NULL), CALCISOL_ERROR_ARGUMENT, "output");
  in[CALCISOL_T_SOIL].data = NULL;
  REFUSED(step(columns, NULL), CALCISOL_ERROR_MISSING, "t_soil");
  fill(), in[CALCISOL_T_SOIL].dtype = 7;
  REFUSED(step(columns, NULL), CALCISOL_ERROR_ARGUMENT, "dtype");
  fill(), in[CALCISOL_T_SOIL].memory = CALCISOL_DEVICE;
  REFUSED(step(columns, NULL), CALCISOL_ERROR_UNSUPPORTED, "device");
  fill(), out[CALCISOL_OUT_PH].column_stride = 0;
  REFUSED(step(columns, NULL), CALCISOL_ERROR_ARGUMENT, "stride");
  fill(), flags.dtype = CALCISOL_F64;
  REFUSED(step(columns, NULL), CALCISOL_ERROR_ARGUMENT, "flag");
  fill();
  EXPECT(calcisol_step(columns, 60.0, in, CALCISOL_N_FORCING, NULL, 0, NULL, NULL) == CALCISOL_OK); /* no output wanted */
  REFUSED(calcisol_state_get(columns, CALCISOL_N_STATE, &out[0]), CALCISOL_ERROR_ARGUMENT, "slot");
  REFUSED(calcisol_state_get(columns, 0, NULL), CALCISOL_ERROR_ARGUMENT, "calcite");
  REFUSED(calcisol_state_set(columns, -1, NULL), CALCISOL_ERROR_ARGUMENT, "slot");
  in[0].dtype = CALCISOL_F32;
  REFUSED(calcisol_state_set(columns, 0, &in[0]), CALCISOL_ERROR_ARGUMENT, "bit for bit");
  REFUSED(calcisol_laboratory_ph(columns, NULL, CALCISOL_N_LAB), CALCISOL_ERROR_ARGUMENT, "NULL");
  REFUSED(calcisol_variable_get(9, 0, &info), CALCISOL_ERROR_ARGUMENT, "role");
  EXPECT(calcisol_variable_count(9) == -1 && calcisol_variable_count(CALCISOL_ROLE_STATE) == CALCISOL_N_STATE);
  EXPECT(calcisol_variable_get(CALCISOL_ROLE_FORCING, CALCISOL_T_SOIL, &info) == CALCISOL_OK);
  EXPECT(!strcmp(info.name, "t_soil") && !strcmp(info.units, "K") && info.required && info.layered);

  memset(soil, 0, sizeof soil), memset(in, 0, sizeof in);
  EXPECT(calcisol_columns_create(model, 0, NLAY, soil, CALCISOL_N_STATIC, NULL, &none) == CALCISOL_OK); /* no land here */
  EXPECT(step(none, NULL) == CALCISOL_OK);
  EXPECT(calcisol_state_get(none, 0, NULL) == CALCISOL_OK);
  calcisol_columns_free(&none), calcisol_columns_free(&none), calcisol_columns_free(NULL);
  fill();
  calcisol_close(&model); /* columns outlive their model */
  EXPECT(step(columns, NULL) == CALCISOL_OK);
  calcisol_columns_free(&columns);
}

/* A failed step leaves the state as it was. */
static void failing(char **argv) {
  calcisol_model *model = NULL;
  calcisol_columns *columns = NULL;
  calcisol_target b = calcisol_to_f64(before, 1, NCOL), a = calcisol_to_f64(after, 1, NCOL);
  fill();
  EXPECT(calcisol_open(argv[2], NULL, &model) == CALCISOL_OK);
  EXPECT(calcisol_columns_create(model, NCOL, NLAY, soil, CALCISOL_N_STATIC, NULL, &columns) == CALCISOL_OK);
  for (int slot = 0; slot < CALCISOL_N_STATE; ++slot) {
    calcisol_view view = calcisol_f64(w_liq, 1, NCOL);
    EXPECT(calcisol_state_set(columns, slot, &view) == CALCISOL_OK);
  }
  EXPECT(calcisol_state_get(columns, CALCISOL_STATE_DIC, &b) == CALCISOL_OK);
  REFUSED(step(columns, NULL), CALCISOL_ERROR_MODEL, "toy trouble");
  EXPECT(calcisol_state_get(columns, CALCISOL_STATE_DIC, &a) == CALCISOL_OK);
  EXPECT(memcmp(before, after, sizeof before) == 0);
  calcisol_columns_free(&columns), calcisol_close(&model);
}

/* Bad cells: the column waits, its neighbours do not notice. */
static void cells(char **argv) {
  const double bad[] = {NAN, INFINITY, -INFINITY, -9999.0, 999999.0, 1e20, 1e36, -1e20};
  calcisol_model *model = NULL;
  calcisol_columns *columns = NULL;
  calcisol_report report = {0};
  calcisol_target b = calcisol_to_f64(before, 1, NCOL), a = calcisol_to_f64(after, 1, NCOL);
  fill();
  report.struct_size = sizeof report;
  EXPECT(calcisol_open(argv[1], NULL, &model) == CALCISOL_OK);
  EXPECT(calcisol_columns_create(model, NCOL, NLAY, soil, CALCISOL_N_STATIC, NULL, &columns) == CALCISOL_OK);
  EXPECT(step(columns, NULL) == CALCISOL_OK && !strcmp(calcisol_last_error(), ""));
  for (int i = 0; i < 8; ++i) {
    const int cell = 1 * NCOL + 2; /* layer 2, column 3 */
    fill();
    t_soil[cell] = bad[i], w_liq[0] = -3.0; /* and column 1 has negative water */
    EXPECT(calcisol_state_get(columns, CALCISOL_STATE_DIC, &b) == CALCISOL_OK);
    REFUSED(step(columns, &report), CALCISOL_OK, "t_soil");
    EXPECT(strstr(calcisol_last_error(), "column 3, layer 2"));
    EXPECT(calcisol_state_get(columns, CALCISOL_STATE_DIC, &a) == CALCISOL_OK);
    EXPECT(report.columns_invalid == 1 && report.columns_stepped == NCOL - 1 && report.cells_clipped == 1);
    for (int c = 0; c < NCOL; ++c)
      for (int l = 0; l < NLAY; ++l) {
        const int k = l * NCOL + c;
        if (c == 2) {
          EXPECT(isnan(ph[k]) && flag[k] == CALCISOL_FLAG_INVALID && before[k] == after[k]);
        } else {
          const int clipped = k == 0 ? CALCISOL_FLAG_CLIPPED : 0;
          EXPECT(isfinite(ph[k]) && flag[k] == clipped && fabs(after[k] - before[k] - co2[k] * 1800.0 / 0.012011) < 1e-12);
        }
      }
  }
  fill();
  w_liq[4] = -3.0;
  REFUSED(step(columns, &report), CALCISOL_OK, "w_liq = -3 kg m-2 at column 5, layer 1 lies outside 0 to 5000");
  calcisol_columns_free(&columns), calcisol_close(&model);
}

int main(int argc, char **argv) {
  if (argc != 6) return 255;
  EXPECT(calcisol_abi_version() == CALCISOL_ABI_VERSION);
  EXPECT(strstr(calcisol_build_info(), "torch") != NULL);
  for (int status = 0; status <= CALCISOL_ERROR_INTERNAL; ++status) EXPECT(strcmp(calcisol_status_string(status), "unknown"));
  opening(argv);
  growth(argv);
  arguments(argv);
  failing(argv);
  cells(argv);
  printf("%d failures\n", failures);
  return failures;
}

/* Structured fuzz of the C ABI: random options, views, states, orders of calls; right ones and wrong ones.
 * Every call must come back with a known status other than "internal" and one line of text, nothing outside the host's
 * arrays may be written, and a step that fails must leave the state as it was.
 * Use: fuzz BUNDLE CALLS SEED; prints the number of calls of each status, returns 0 when nothing was wrong. */
#include <calcisol.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 1 << 14, GUARD = 256, MODELS = 3, SOILS = 6, MAX_COLUMNS = 40, MAX_LAYERS = 61 };
static double in64[SIZE], slot64[2][MAX_COLUMNS * MAX_LAYERS];
static float in32[SIZE];
static struct { unsigned char before[GUARD]; double values[SIZE]; unsigned char after[GUARD]; } out;
static calcisol_model *models[MODELS];
static calcisol_columns *soils[SOILS];
static long calls, counts[16], wrong, said;
static unsigned long long state;

static unsigned draw(unsigned below) { /* xorshift: the same everywhere */
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (unsigned)(state >> 33) % below;
}
static int chance(unsigned one_in) { return draw(one_in) == 0; }

static void complain(const char *what, const char *entry) {
  ++wrong;
  printf("call %ld, %s: %s (%s)\n", calls, entry, what, calcisol_last_error());
}

static calcisol_status done(calcisol_status status, const char *entry) {
  const char *text = calcisol_last_error();
  ++calls;
  if (status < 0 || status > CALCISOL_ERROR_STATE) complain("a status that must not be", entry);
  else ++counts[status];
  if (status && !*text) complain("no text", entry);
  if (strchr(text, '\n')) complain("more than one line", entry);
  if (strlen(text) > 1023) complain("an endless text", entry);
  for (int i = 0; i < GUARD; ++i)
    if (out.before[i] != 0xA5 || out.after[i] != 0xA5) return complain("memory written outside", entry), exit(9), 0;
  return status;
}

static void hear(void *user, int32_t level, const char *text) {
  said += *(int *)user == 7 && level >= 1 && level <= 3 && *text;
}

static double value(void) {
  static const double odd[] = {0.0, -1.0, 1e-300, -1e300, 1e19, 1e20, 1e36, -9999.0, 999999.0, 5e-324, 1e-8};
  switch (draw(12)) {
  case 0: return odd[draw(sizeof odd / sizeof *odd)];
  case 1: return chance(2) ? NAN : chance(2) ? INFINITY : -INFINITY;
  case 2: return draw(1000) * 1e-9;
  case 3: return 273.15 + draw(3000) * 0.01;
  default: return draw(100000) * 1e-4;
  }
}

/* Strides whose walk stays inside SIZE elements, and the offset of its first element. */
static int64_t walk(int64_t ncol, int32_t nlay, int64_t *column, int64_t *layer, int zero) {
  const int64_t menu[] = {1, ncol, nlay, 2, -1, -ncol, -nlay, 3};
  int64_t low = 0, high = 0;
  *column = zero && chance(4) ? 0 : menu[draw(8)], *layer = zero && chance(4) ? 0 : menu[draw(8)];
  for (int k = 0; k < 2; ++k) {
    const int64_t n = (k ? nlay : ncol) - 1, far = (k ? *layer : *column) * (n > 0 ? n : 0);
    low += far < 0 ? far : 0, high += far > 0 ? far : 0;
  }
  if (high - low >= SIZE) return *column = zero ? 0 : 1, *layer = zero ? 0 : ncol, 0;
  return -low + draw((unsigned)(SIZE - (high - low)));
}

static calcisol_view view(int64_t ncol, int32_t nlay, int wild) {
  calcisol_view v;
  int64_t column, layer, first = walk(ncol > 0 ? ncol : 1, nlay, &column, &layer, 1);
  v = chance(3) ? calcisol_f32(in32 + first, column, layer) : calcisol_f64(in64 + first, column, layer);
  if (wild && chance(40)) v.dtype = (int32_t)draw(5) - 1;
  if (wild && chance(40)) v.memory = (int32_t)draw(5) - 1;
  if (v.dtype == CALCISOL_F64 && (const void *)v.data >= (const void *)in32 && (const void *)v.data < (const void *)(in32 + SIZE))
    v.data = in64 + first;
  return v;
}

static calcisol_target target(int64_t ncol, int32_t nlay, int integer, int wild) {
  calcisol_target t;
  int64_t column, layer, first = walk(ncol > 0 ? ncol : 1, nlay, &column, &layer, 0);
  t = calcisol_to_f64(out.values + first, column, layer);
  if (integer) t.dtype = CALCISOL_I32;
  else if (chance(3)) t.dtype = CALCISOL_F32;
  if (wild && chance(60)) t.dtype = (int32_t)draw(5) - 1;
  if (wild && chance(60)) t.memory = (int32_t)draw(5) - 1;
  if (wild && chance(60)) t.column_stride = 0;
  return t;
}

static void open_one(const char *path, const void *bytes, long size) {
  static int seven = 7;
  union { calcisol_options options; unsigned char room[sizeof(calcisol_options) + 64]; } u;
  calcisol_model **handle = &models[draw(MODELS)];
  memset(&u, 0, sizeof u);
  const int64_t sizes[] = {sizeof u.options, sizeof u.options, sizeof u.options, 24, 40, sizeof u, 0, -1, 1LL << 40};
  if (done(calcisol_options_init(chance(50) ? NULL : &u.options, sizes[draw(6)]), "options_init") == CALCISOL_OK) {
    if (chance(4)) u.options.tile_columns = 8 * (int32_t)draw(20);
    if (chance(20)) u.options.tile_columns = (int32_t)draw(9000) - 100;
    if (chance(20)) u.options.threads = (int32_t)draw(4) - 1;
    if (chance(20)) u.options.device = (int32_t)draw(5) - 1;
    if (chance(20)) u.options.engine = (int32_t)draw(5) - 1;
    if (chance(20) && u.options.struct_size >= (int64_t)sizeof u.options) u.options.engine_library = chance(2) ? "/nowhere/engine.so" : "";
    if (chance(50)) u.options.struct_size = sizes[draw(9)];
    if (chance(2) && u.options.struct_size >= (int64_t)sizeof u.options) u.options.log = hear, u.options.log_user = &seven;
    if (chance(50)) u.room[sizeof u - 1] = 1;
  }
  if (chance(2)) done(calcisol_open(chance(30) ? NULL : path, chance(5) ? NULL : &u.options, handle), "open");
  else {
    char *copy = malloc((size_t)size + 1);
    if (!copy) return;
    memcpy(copy, bytes, (size_t)size);
    for (unsigned n = chance(2) ? draw(4) : 0; n > 0; --n) copy[draw((unsigned)size)] ^= (char)(1 << draw(8));
    done(calcisol_open_from_memory(copy, chance(8) ? (int64_t)draw((unsigned)size) : size, chance(5) ? NULL : &u.options, handle), "open_from_memory");
    free(copy);
  }
}

static void create_one(void) {
  calcisol_view properties[CALCISOL_N_STATIC];
  const int64_t ncol = chance(30) ? -1 : (int64_t)draw(MAX_COLUMNS);
  const int32_t nlay = chance(30) ? (int32_t)draw(3) * 61 : 1 + (int32_t)draw(chance(5) ? 60 : 6);
  int32_t pieces[2 * 61] = {0}, all = 0; /* a third of the columns are split within their layers */
  const int split = chance(3), by_piece = chance(2);
  for (int l = 0; l < nlay; ++l) all += pieces[l] = split ? 1 + (int32_t)draw(3) - chance(60) : 1;
  memset(properties, 0, sizeof properties);
  for (int i = 0; i < CALCISOL_N_STATIC; ++i)
    if (chance(4) || (i == CALCISOL_SOIL_DZ && !chance(20))) properties[i] = view(ncol, split && by_piece && all > 0 ? all : nlay, 1);
  calcisol_report report = {0};
  report.struct_size = chance(20) ? (int64_t)draw(80) : (int64_t)sizeof report;
  calcisol_report *told = chance(2) ? NULL : &report;
  const calcisol_view *given = chance(50) ? NULL : properties;
  const int32_t n = chance(50) ? 3 : CALCISOL_N_STATIC;
  calcisol_model *model = models[draw(MODELS)];
  calcisol_columns **soil = &soils[draw(SOILS)];
  const calcisol_split how = {chance(50) ? NULL : pieces, by_piece};
  if (split) done(calcisol_columns_create_split(model, ncol, nlay, chance(50) ? NULL : &how, given, n, told, soil), "create_split");
  else done(calcisol_columns_create(model, ncol, nlay, given, n, told, soil), "columns_create");
}

static void step_one(void) {
  calcisol_columns *soil = soils[draw(SOILS)];
  calcisol_view forcing[CALCISOL_N_FORCING];
  calcisol_target output[CALCISOL_N_OUTPUT], flag;
  calcisol_report report = {0};
  int64_t ncol = 0;
  int32_t nlay = 1;
  const int32_t slot = (int32_t)draw(CALCISOL_N_STATE);
  if (done(calcisol_columns_size(soil, &ncol, &nlay), "columns_size")) ncol = 3, nlay = 2;
  memset(forcing, 0, sizeof forcing), memset(output, 0, sizeof output);
  for (int i = 0; i < CALCISOL_N_FORCING; ++i) {
    const int needed = i == CALCISOL_W_LIQ || i == CALCISOL_T_SOIL || i == CALCISOL_Q_BOT;
    if (needed ? !chance(40) : chance(4)) forcing[i] = view(ncol, nlay, 1);
  }
  for (int i = 0; i < CALCISOL_N_OUTPUT; ++i)
    if (chance(3)) output[i] = target(ncol, nlay, 0, 1);
  flag = target(ncol, nlay, 1, 1);
  report.struct_size = chance(30) ? (int64_t)draw(200) : (int64_t)sizeof report;
  const calcisol_target before = calcisol_to_f64(slot64[0], 1, MAX_COLUMNS), after = calcisol_to_f64(slot64[1], 1, MAX_COLUMNS);
  memset(slot64, 0, sizeof slot64);
  const int looked = soil && calcisol_state_get(soil, slot, &before) == CALCISOL_OK;
  const double dt = chance(20) ? value() : 60.0 * (1 + draw(1440));
  if (chance(20)) done(calcisol_warmup(soil), "warmup");
  const calcisol_status status =
      done(calcisol_step(soil, dt, chance(80) ? NULL : forcing, chance(80) ? (int32_t)draw(9) : CALCISOL_N_FORCING, chance(20) ? NULL : output,
                         chance(80) ? 1 : CALCISOL_N_OUTPUT, chance(3) ? NULL : &flag, chance(3) ? NULL : &report), "step");
  if (status == CALCISOL_OK || !looked) return;
  if (calcisol_state_get(soil, slot, &after) || memcmp(slot64[0], slot64[1], sizeof slot64[0])) complain("a failed step changed the state", "step");
}

static void state_one(void) {
  calcisol_columns *soil = soils[draw(SOILS)];
  int64_t ncol = 3;
  int32_t nlay = 2, layers = 2, slot = chance(30) ? (int32_t)draw(100) - 20 : (int32_t)draw(CALCISOL_N_STATE);
  done(calcisol_columns_size(soil, &ncol, &nlay), "columns_size");
  done(calcisol_state_layers(soil, chance(30) ? NULL : &layers), "state_layers");
  if (layers < nlay) layers = nlay;
  calcisol_view given = view(ncol, layers, 1);
  calcisol_target wanted = target(ncol, layers, 0, 1), lab[CALCISOL_N_LAB];
  if (!chance(10)) given.dtype = wanted.dtype = CALCISOL_F64, given.data = in64 + walk(ncol > 0 ? ncol : 1, layers, &given.column_stride, &given.layer_stride, 1);
  for (int i = 0; i < CALCISOL_N_LAB; ++i) lab[i] = target(ncol, nlay, 0, 1);
  switch (draw(5)) {
  case 0: done(calcisol_state_get(soil, slot, chance(30) ? NULL : &wanted), "state_get"); break;
  case 1: done(calcisol_laboratory_ph(soil, chance(30) ? NULL : lab, chance(30) ? 1 : CALCISOL_N_LAB), "laboratory_ph"); break;
  case 2: done(calcisol_state_set(soil, slot, chance(30) ? NULL : &given), "state_set"); break;
  case 3: done(calcisol_state_spread(soil, slot, chance(30) ? NULL : &given), "state_spread"); break;
  default: /* a whole state */
    for (slot = 0; slot < CALCISOL_N_STATE; ++slot) done(calcisol_state_set(soil, slot, &given), "state_set");
  }
}

static void other_one(void) {
  calcisol_variable_info info;
  const char *json = NULL;
  int32_t n = 0;
  int32_t pieces[4] = {0};
  switch (draw(8)) {
  case 7: done(calcisol_pieces_of((int32_t)draw(5), chance(9) ? NULL : in64 + draw(SIZE - 4), chance(2) ? 0.05 : value(), chance(9) ? NULL : pieces), "pieces_of"); break;
  case 0: done(calcisol_variable_get((int32_t)draw(8), (int32_t)draw(60) - 5, chance(9) ? NULL : &info), "variable_get"); break;
  case 1: done(calcisol_describe(models[draw(MODELS)], chance(9) ? NULL : &json), "describe"); break;
  case 2: done(calcisol_device_count(chance(9) ? NULL : &n), "device_count"); break;
  case 3: done(calcisol_device_of_rank((int32_t)draw(9) - 1, chance(9) ? NULL : &n), "device_of_rank"); break;
  case 4: done(calcisol_set_stream(soils[draw(SOILS)], chance(2) ? NULL : &n), "set_stream"); break;
  case 5: done(calcisol_synchronize(soils[draw(SOILS)]), "synchronize"); break;
  default: ++calls, calcisol_status_string((int32_t)draw(40) - 20), calcisol_variable_count((int32_t)draw(9)), calcisol_build_info();
  }
}

int main(int argc, char **argv) {
  static char bytes[1 << 22];
  if (argc != 4) return 255;
  FILE *file = fopen(argv[1], "rb");
  const long size = file ? (long)fread(bytes, 1, sizeof bytes, file) : 64;
  const long wanted = atol(argv[2]);
  if (file) fclose(file);
  state = strtoull(argv[3], NULL, 10) * 2654435761u + 88172645463325252u;
  memset(out.before, 0xA5, GUARD), memset(out.after, 0xA5, GUARD);
  while (calls < wanted) {
    if (chance(3))
      for (int n = 0; n < 200; ++n) {
        const unsigned i = draw(SIZE);
        in64[i] = value(), in32[i] = (float)in64[i];
      }
    if (!models[0] && !models[1] && !models[2]) open_one(argv[1], bytes, size);
    switch (draw(20)) {
    case 0: if (chance(5)) calcisol_close(chance(30) ? NULL : &models[draw(MODELS)]); break;
    case 1: if (chance(2)) calcisol_columns_free(chance(30) ? NULL : &soils[draw(SOILS)]); break;
    case 2: if (chance(3)) open_one(argv[1], bytes, size); break;
    case 3: case 4: create_one(); break;
    case 5: case 6: other_one(); break;
    case 7: case 8: case 9: state_one(); break;
    default: step_one();
    }
  }
  for (int i = 0; i < SOILS; ++i) calcisol_columns_free(&soils[i]);
  for (int i = 0; i < MODELS; ++i) calcisol_close(&models[i]);
  printf("%ld calls:", calls);
  for (int i = 0; i <= CALCISOL_ERROR_INTERNAL; ++i) printf(" %s %ld", calcisol_status_string(i), counts[i]);
  printf(", log heard %ld times, %ld wrong\n", said, wrong);
  /* a fuzz that never gets a step through proves nothing */
  return wrong != 0 || (wanted > 5000 && counts[CALCISOL_OK] < wanted / 4);
}

/* Out of memory, at every allocation there is: the n-th one fails, for n = 1, 2, 3 ... until a whole run gets through.
 * Every call must come back with CALCISOL_ERROR_MEMORY (or another refusal), and the next try must work.
 * Use: starve BUNDLE BYTES; allocations of at least BYTES can fail: 1 for our own code. torch ends the process by itself when a
 * few bytes are missing (its compiler and its modules allocate in noexcept functions), so with torch only blocks of data fail; the
 * native engine does without torch. glibc. */
#define _GNU_SOURCE
#include <calcisol.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long left = -1, failed; /* allocations until one fails, -1 = never; how many did */
extern void *__libc_malloc(size_t);
extern void *__libc_memalign(size_t, size_t);
static size_t least;
static int refuse(size_t size) { return size >= least && left >= 0 && left-- == 0 ? (int)++failed : 0; }
void *malloc(size_t size) { return refuse(size) ? NULL : __libc_malloc(size); }
int posix_memalign(void **block, size_t alignment, size_t size) {
  *block = refuse(size) ? NULL : __libc_memalign(alignment, size);
  return *block ? 0 : 12; /* ENOMEM */
}

static double dz = 0.1, w_liq = 20.0, t_soil = 280.0, q_bot = 0.0, ph[6], lab[6], reference[6];

/* One use of the library; the status of the call that failed, or 0. */
static calcisol_status use(const char *bundle, long fail_at) {
  calcisol_view soil[CALCISOL_N_STATIC] = {{0}}, in[CALCISOL_N_FORCING] = {{0}};
  calcisol_target out[CALCISOL_N_OUTPUT] = {{0}}, laboratory[CALCISOL_N_LAB] = {{0}};
  calcisol_model *model = NULL;
  calcisol_columns *columns = NULL, *thick = NULL;
  const int32_t pieces[2] = {3, 1};
  const calcisol_split split = {pieces, 0};
  soil[CALCISOL_SOIL_DZ] = calcisol_f64(&dz, 0, 0);
  in[CALCISOL_W_LIQ] = calcisol_f64(&w_liq, 0, 0), in[CALCISOL_T_SOIL] = calcisol_f64(&t_soil, 0, 0);
  in[CALCISOL_Q_BOT] = calcisol_f64(&q_bot, 0, 0);
  out[CALCISOL_OUT_PH] = calcisol_to_f64(ph, 1, 3), laboratory[0] = calcisol_to_f64(lab, 1, 3);
  left = fail_at;
  calcisol_status status = calcisol_open(bundle, NULL, &model);
  if (!status) status = calcisol_columns_create(model, 3, 2, soil, CALCISOL_N_STATIC, NULL, &columns);
  for (int i = 0; i < 2 && !status; ++i)
    status = calcisol_step(columns, 3600.0, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL);
  if (!status) status = calcisol_laboratory_ph(columns, laboratory, CALCISOL_N_LAB);
  if (!status) status = calcisol_columns_create_split(model, 3, 2, &split, soil, CALCISOL_N_STATIC, NULL, &thick);
  if (!status) status = calcisol_step(thick, 3600.0, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL);
  if (!status) status = calcisol_laboratory_ph(thick, laboratory, CALCISOL_N_LAB);
  left = -1;
  calcisol_columns_free(&thick), calcisol_columns_free(&columns), calcisol_close(&model);
  return status;
}

int main(int argc, char **argv) {
  long n = 0, memory = 0, refused = 0, fine = 0, other = 0;
  if (argc != 3) return 255;
  least = (size_t)atol(argv[2]);
  if (use(argv[1], -1)) return printf("%s\n", calcisol_last_error()), 255;
  memcpy(reference, ph, sizeof ph);
  for (; n < 1000000; ++n) {
    failed = 0;
    const calcisol_status status = use(argv[1], n);
    if (!failed) break; /* the whole run got through before the n-th allocation */
    if (status == CALCISOL_ERROR_MEMORY) ++memory;
    else if (status == CALCISOL_ERROR_BUNDLE || status == CALCISOL_ERROR_MODEL) ++refused; /* torch and iostreams have their own words */
    else if (status) ++other, printf("allocation %ld: status %d, %s\n", n, status, calcisol_last_error());
    else ++fine; /* somebody could do without */
  }
  if (use(argv[1], -1) || memcmp(reference, ph, sizeof ph)) return printf("the run after is another\n"), 2;
  printf("%ld allocations: %ld memory, %ld refused otherwise, %ld got through, %ld wrong\n", n, memory, refused, fine, other);
  return memory == 0 || other != 0;
}

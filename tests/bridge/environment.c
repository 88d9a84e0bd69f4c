// A host whose floating-point environment is not the default one: rounding, exception flags, precision of the x87.
// Use: environment BUNDLE; stops with 0 when the environment and the answers are as they should be.
#include <fenv.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <calcisol.h>

enum { ncol = 3, nlay = 4, nsteps = 3 };

static uint32_t words(void) { // control words of SSE and x87, without the exception flags
#if defined(__x86_64__)
  uint32_t sse;
  uint16_t x87;
  __asm__ __volatile__("stmxcsr %0\n\tfnstcw %1" : "=m"(sse), "=m"(x87));
  return (sse & ~(uint32_t)FE_ALL_EXCEPT) << 16 | x87;
#else
  return 0;
#endif
}

static void unusual(void) {
  fesetround(FE_UPWARD);
#if defined(__x86_64__)
  uint16_t x87;
  __asm__ __volatile__("fnstcw %0" : "=m"(x87));
  x87 = (uint16_t)((x87 & ~0x300) | 0x200); // double precision, as old hosts set it
  __asm__ __volatile__("fldcw %0" : : "m"(x87));
#endif
  feclearexcept(FE_ALL_EXCEPT);
  feraiseexcept(FE_DIVBYZERO);
}

// pH of the last step, in the environment there is; what changed is said.
static int run(const char *bundle, double ph[nlay * ncol]) {
  static double dz[nlay * ncol], w[nlay * ncol], t[nlay * ncol], q[ncol];
  const int flags = fetestexcept(FE_ALL_EXCEPT), rounding = fegetround();
  const uint32_t control = words();
  calcisol_model *model = NULL;
  calcisol_columns *columns = NULL;
  calcisol_view soil[CALCISOL_N_STATIC] = {0}, forcing[CALCISOL_N_FORCING] = {0};
  calcisol_target output[CALCISOL_N_OUTPUT] = {0};
  for (int i = 0; i < nlay * ncol; ++i)
    dz[i] = 0.125, w[i] = 32.0, t[i] = 285.0;
  soil[CALCISOL_SOIL_DZ] = calcisol_f64(dz, 1, ncol);
  forcing[CALCISOL_W_LIQ] = calcisol_f64(w, 1, ncol);
  forcing[CALCISOL_T_SOIL] = calcisol_f64(t, 1, ncol);
  forcing[CALCISOL_Q_BOT] = calcisol_f64(q, 1, 0);
  output[CALCISOL_OUT_PH] = calcisol_to_f64(ph, 1, ncol);
  calcisol_status status = calcisol_open(bundle, NULL, &model);
  if (status == CALCISOL_OK)
    status = calcisol_columns_create(model, ncol, nlay, soil, CALCISOL_N_STATIC, NULL, &columns);
  for (int step = 0; step < nsteps && status == CALCISOL_OK; ++step)
    status = calcisol_step(columns, 1800.0, forcing, CALCISOL_N_FORCING, output, CALCISOL_N_OUTPUT, NULL, NULL);
  if (status != CALCISOL_OK)
    puts(calcisol_last_error());
  calcisol_columns_free(&columns);
  calcisol_close(&model);
  if (fetestexcept(FE_ALL_EXCEPT) != flags)
    return puts("the exception flags of the host were changed");
  if (fegetround() != rounding || words() != control)
    return puts("the rounding or precision of the host was changed");
  return status != CALCISOL_OK;
}

int main(int argc, char **argv) {
  double usual[nlay * ncol] = {0}, other[nlay * ncol] = {0};
  int failed = argc != 2 || run(argv[1], usual);
  unusual();
  failed = failed || run(argv[1], other);
  fesetenv(FE_DFL_ENV);
  if (!failed && memcmp(usual, other, sizeof usual) != 0)
    failed = puts("the answers depend on the environment of the host");
  return failed;
}

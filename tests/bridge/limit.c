/* Out of memory as a batch system means it: children of this process open, step and close under a limit of address space
 * (RLIMIT_AS) that lets them have 0, 1, 2 ... KILOBYTES more than they hold. None may be ended by a signal or by torch; each
 * either gets through with the bits of a run without limit, or is told CALCISOL_ERROR_MEMORY.
 * Use: limit BUNDLE KILOBYTES STEP; Linux. Prints how many did what, and from how many kilobytes on all got through. */
#define _GNU_SOURCE
#include <calcisol.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NCOL = 40, NLAY = 11, THROUGH = 0, MEMORY = 1, OTHER = 2, WRONG = 3 };
static double dz = 0.1, w_liq = 20.0, t_soil = 280.0, q_bot = 0.0, co2 = 1e-8, ph[NCOL * NLAY], lab[NCOL * NLAY], reference[NCOL * NLAY];

static calcisol_status use(const char *bundle, int32_t engine) {
  calcisol_view soil[CALCISOL_N_STATIC] = {{0}}, in[CALCISOL_N_FORCING] = {{0}};
  calcisol_target out[CALCISOL_N_OUTPUT] = {{0}}, laboratory[CALCISOL_N_LAB] = {{0}};
  calcisol_model *model = NULL;
  calcisol_columns *columns = NULL;
  calcisol_options options;
  calcisol_options_init(&options, sizeof options);
  options.engine = engine;
  soil[CALCISOL_SOIL_DZ] = calcisol_f64(&dz, 0, 0);
  in[CALCISOL_W_LIQ] = calcisol_f64(&w_liq, 0, 0), in[CALCISOL_T_SOIL] = calcisol_f64(&t_soil, 0, 0);
  in[CALCISOL_Q_BOT] = calcisol_f64(&q_bot, 0, 0), in[CALCISOL_CO2_SRC] = calcisol_f64(&co2, 0, 0);
  out[CALCISOL_OUT_PH] = calcisol_to_f64(ph, 1, NCOL), laboratory[0] = calcisol_to_f64(lab, 1, NCOL);
  calcisol_status status = calcisol_open(bundle, &options, &model);
  if (!status) status = calcisol_columns_create(model, NCOL, NLAY, soil, CALCISOL_N_STATIC, NULL, &columns);
  for (int i = 0; i < 2 && !status; ++i)
    status = calcisol_step(columns, 3600.0, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL);
  if (!status) status = calcisol_laboratory_ph(columns, laboratory, CALCISOL_N_LAB);
  calcisol_columns_free(&columns), calcisol_close(&model);
  return status;
}

static long held(void) { /* bytes of address space */
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld", &pages) != 1) exit(255);
  fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

static void load_torch(void) { /* our part on it lies beside the library */
  Dl_info info;
  char path[4096];
  if (!dladdr((void *)(uintptr_t)calcisol_open, &info)) exit(255);
  snprintf(path, sizeof path, "%.*slibcalcisol_torch.so", (int)(strrchr(info.dli_fname, '/') + 1 - info.dli_fname), info.dli_fname);
  if (!dlopen(path, RTLD_NOW | RTLD_LOCAL)) exit(255);
}

static int child(const char *bundle, int32_t engine, long kilobytes) {
  const struct rlimit limit = {(rlim_t)(held() + (kilobytes << 10)), RLIM_INFINITY};
  if (setrlimit(RLIMIT_AS, &limit)) return OTHER;
  const calcisol_status status = use(bundle, engine);
  if (status == CALCISOL_ERROR_MEMORY) return MEMORY;
  if (status) return fprintf(stdout, "%ld kB: status %d, %s\n", kilobytes, status, calcisol_last_error()), fflush(stdout), OTHER;
  return memcmp(ph, reference, sizeof ph) ? WRONG : THROUGH;
}

int main(int argc, char **argv) {
  if (argc != 4) return 255;
  const long most = atol(argv[2]), by = atol(argv[3]);
  int bad = 0;
  load_torch(); /* torch is there, no bundle has been opened: what a child lacks it has to get itself */
  for (int32_t engine = CALCISOL_ENGINE_AUTO; engine <= CALCISOL_ENGINE_TORCHSCRIPT; ++engine) {
    long count[4] = {0}, ended = 0, enough = 0;
    int through[2];
    /* the reference comes from a child too, so that the parent stays as it was */
    if (pipe(through)) return 255;
    if (!fork()) _exit(use(argv[1], engine) || write(through[1], ph, sizeof ph) != (ssize_t)sizeof ph);
    close(through[1]);
    for (size_t have = 0; have < sizeof reference;) {
      const ssize_t got = read(through[0], (char *)reference + have, sizeof reference - have);
      if (got <= 0) return printf("no reference\n"), 255;
      have += (size_t)got;
    }
    close(through[0]), wait(NULL);
    for (long kilobytes = 0; kilobytes <= most; kilobytes += by) {
      int status;
      fflush(stdout);
      const pid_t pid = fork();
      if (!pid) _exit(child(argv[1], engine, kilobytes));
      if (waitpid(pid, &status, 0) != pid) return 255;
      if (!WIFEXITED(status) || WEXITSTATUS(status) > WRONG) ++ended, printf("%ld kB: ended by %d\n", kilobytes, status);
      else if (++count[WEXITSTATUS(status)], WEXITSTATUS(status) != THROUGH) enough = kilobytes + by;
    }
    printf("engine %d: %ld through, %ld memory, %ld other, %ld other bits, %ld ended; all from %ld kB on\n", engine, count[THROUGH],
           count[MEMORY], count[OTHER], count[WRONG], ended, enough);
    bad += ended || count[OTHER] || count[WRONG] || !count[THROUGH] || !count[MEMORY];
  }
  printf("%d wrong\n", bad);
  return bad;
}

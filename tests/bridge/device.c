/* Devices as a host meets them: counting, ranks, memory kinds, streams, the emulated device.
 * Use: device BUNDLE DEVICES, where DEVICES is what the driver mock was told, or "none" without a driver. */
#define _GNU_SOURCE
#include <calcisol.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NCOL = 5, NLAY = 3 };
static int failures = 0;
#define EXPECT(condition)                                                                                              \
  do {                                                                                                                 \
    if (!(condition)) ++failures, printf("line %d: not so: %s (%s)\n", __LINE__, #condition, calcisol_last_error());   \
  } while (0)
#define REFUSED(call, expected, word) EXPECT((call) == (expected) && strstr(calcisol_last_error(), word))

static double dz = 0.1, w_liq[NCOL * NLAY], t_soil[NCOL * NLAY], q_bot[NCOL], ph[NCOL * NLAY], again[NCOL * NLAY];
static calcisol_view soil[CALCISOL_N_STATIC], in[CALCISOL_N_FORCING];
static calcisol_target out[CALCISOL_N_OUTPUT];

static calcisol_status step(calcisol_columns *columns) {
  return calcisol_step(columns, 3600.0, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL);
}

int main(int argc, char **argv) {
  calcisol_model *host = NULL, *emulated = NULL;
  calcisol_columns *on_host = NULL, *on_device = NULL;
  calcisol_options options;
  int32_t count = -1, device = -1;
  if (argc != 3) return 255;
  const int mocked = strcmp(argv[2], "none") != 0, devices = mocked ? atoi(argv[2]) : 0;
  EXPECT(calcisol_device_count(&count) == CALCISOL_OK && count == devices);
  REFUSED(calcisol_device_count(NULL), CALCISOL_ERROR_ARGUMENT, "count");
  if (devices == 0) {
    REFUSED(calcisol_device_of_rank(3, &device), CALCISOL_ERROR_UNSUPPORTED, mocked ? "CUDA_VISIBLE_DEVICES" : "libcuda");
  } else {
    for (int rank = 0; rank < 9; ++rank)
      EXPECT(calcisol_device_of_rank(rank, &device) == CALCISOL_OK && device == rank % devices);
    EXPECT(calcisol_device_of_rank(-1, &device) == CALCISOL_OK && device == 6 % devices); /* SLURM_LOCALID=6 */
    unsetenv("SLURM_LOCALID");
    REFUSED(calcisol_device_of_rank(-1, &device), CALCISOL_ERROR_ARGUMENT, "rank");
  }

  for (int i = 0; i < NCOL * NLAY; ++i) w_liq[i] = 20.0 + i, t_soil[i] = 280.0;
  soil[CALCISOL_SOIL_DZ] = calcisol_f64(&dz, 0, 0);
  in[CALCISOL_W_LIQ] = calcisol_f64(w_liq, 1, NCOL), in[CALCISOL_T_SOIL] = calcisol_f64(t_soil, 1, NCOL);
  in[CALCISOL_Q_BOT] = calcisol_f64(q_bot, 1, 0);
  out[CALCISOL_OUT_PH] = calcisol_to_f64(ph, 1, NCOL);
  EXPECT(calcisol_open(argv[1], NULL, &host) == CALCISOL_OK);
  EXPECT(calcisol_columns_create(host, NCOL, NLAY, soil, CALCISOL_N_STATIC, NULL, &on_host) == CALCISOL_OK);
  in[CALCISOL_W_LIQ].memory = CALCISOL_AUTO; /* ordinary memory: the driver does not know it */
  EXPECT(step(on_host) == CALCISOL_OK);
  if (devices > 0) { /* now it lies on a device, which columns on the host cannot reach */
    void (*mark)(const void *, const void *) = NULL;
    *(void **)&mark = dlsym(dlopen("libcuda.so.1", RTLD_NOW), "mock_device_memory");
    mark(w_liq, w_liq + NCOL * NLAY);
    REFUSED(step(on_host), CALCISOL_ERROR_UNSUPPORTED, "w_liq lies in device memory");
    mark(NULL, NULL);
  }
  in[CALCISOL_W_LIQ].memory = CALCISOL_DEVICE;
  REFUSED(step(on_host), CALCISOL_ERROR_UNSUPPORTED, "w_liq lies in device memory");
  in[CALCISOL_W_LIQ].memory = 7;
  REFUSED(step(on_host), CALCISOL_ERROR_ARGUMENT, "memory 7");
  EXPECT(calcisol_set_stream(on_host, NULL) == CALCISOL_OK && calcisol_synchronize(on_host) == CALCISOL_OK);
  REFUSED(calcisol_set_stream(on_host, &dz), CALCISOL_ERROR_UNSUPPORTED, "stream");

  EXPECT(calcisol_options_init(&options, sizeof options) == CALCISOL_OK && options.device_index == -1);
  options.device = CALCISOL_EMULATED;
  EXPECT(calcisol_open(argv[1], &options, &emulated) == CALCISOL_OK);
  EXPECT(calcisol_columns_create(emulated, NCOL, NLAY, soil, CALCISOL_N_STATIC, NULL, &on_device) == CALCISOL_OK);
  in[CALCISOL_W_LIQ].memory = CALCISOL_DEVICE, in[CALCISOL_T_SOIL].memory = CALCISOL_AUTO;
  out[CALCISOL_OUT_PH] = calcisol_to_f64(again, 1, NCOL), out[CALCISOL_OUT_PH].memory = CALCISOL_DEVICE;
  EXPECT(calcisol_warmup(on_device) == CALCISOL_OK);
  EXPECT(step(on_device) == CALCISOL_OK && calcisol_synchronize(on_device) == CALCISOL_OK);
  EXPECT(memcmp(ph, again, sizeof ph) == 0);
  in[CALCISOL_W_LIQ].memory = 9;
  REFUSED(step(on_device), CALCISOL_ERROR_ARGUMENT, "memory 9");
  REFUSED(calcisol_set_stream(on_device, &dz), CALCISOL_ERROR_UNSUPPORTED, "stream");
  calcisol_columns_free(&on_device), calcisol_columns_free(&on_host), calcisol_close(&emulated), calcisol_close(&host);
  printf("%d failures\n", failures);
  return failures;
}

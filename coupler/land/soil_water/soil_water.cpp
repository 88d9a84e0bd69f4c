// The copy of the model for this processor: those with fused products, AVX2 and AVX-512, give the same bits
// (lanes.hpp).
#include "soil_water.h"

extern "C" {
#if defined(SOIL_WATER_X86)
int64_t calcisol_soil_water_v4(const calcisol_soil_water *);
int64_t calcisol_soil_water_v3(const calcisol_soil_water *);
#endif
int64_t calcisol_soil_water_plain(const calcisol_soil_water *);

int64_t calcisol_soil_water_run(const calcisol_soil_water *run) {
#if defined(SOIL_WATER_X86)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
    return calcisol_soil_water_v4(run);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    return calcisol_soil_water_v3(run);
#endif
  return calcisol_soil_water_plain(run);
}
}

// Which of the compiled kernels this processor can run.
#include "../native.hpp"

#define KERNEL(name) extern "C" const calcisol_kernel *name(void);
KERNEL(calcisol_kernel_v4)
KERNEL(calcisol_kernel_v3)
KERNEL(calcisol_kernel_plain)

namespace calcisol {

const calcisol_kernel *native_kernel() {
#if defined(CALCISOL_KERNELS_X86)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
    return calcisol_kernel_v4();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    return calcisol_kernel_v3();
  return nullptr; // without fused multiply-add bits would differ: TorchScript answers
#elif defined(CALCISOL_KERNELS_PLAIN)
  return calcisol_kernel_plain();
#else
  return nullptr;
#endif
}

} // namespace calcisol

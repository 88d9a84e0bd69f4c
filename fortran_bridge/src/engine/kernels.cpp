// Which of the compiled kernels this processor can run.
#include "engine/engine_library.hpp"
#include "engine/native.hpp"

#define KERNEL(name) extern "C" const calcisol_kernel *name(void);
KERNEL(calcisol_kernel_v4)
KERNEL(calcisol_kernel_v3)
KERNEL(calcisol_kernel_plain)
extern "C" const calcisol_device_kernel *calcisol_device_kernel_get(void);

namespace calcisol {

const calcisol_kernel *native_kernel() {
#if defined(CALCISOL_KERNELS_X86)
  if (processor_runs("AVX-512"))
    return calcisol_kernel_v4();
  if (processor_runs("AVX2"))
    return calcisol_kernel_v3();
  return nullptr;
#elif defined(CALCISOL_KERNELS_PLAIN)
  return calcisol_kernel_plain();
#else
  return nullptr;
#endif
}

const calcisol_device_kernel *device_kernel() {
#if defined(CALCISOL_KERNEL_DEVICE)
  return calcisol_device_kernel_get();
#else
  return nullptr;
#endif
}

} // namespace calcisol

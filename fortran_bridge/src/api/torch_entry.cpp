// The one symbol of libcalcisol_torch.
#include <dlfcn.h>

#include "device/device_engine.hpp"
#include "engine/engine.hpp"
#include "engine/torch_library.hpp"

extern "C" CALCISOL_API const calcisol::TorchEngine *calcisol_torch_engine(void) {
  using calcisol::DeviceEngine, calcisol::Engine;
  // looked up from here, where torch's own OpenMP runtime is in sight whether or not the host has one
  static const calcisol::TorchEngine engine = {
      CALCISOL_VERSION,
      Engine::info,
      Engine::load,
      DeviceEngine::load,
      DeviceEngine::columns,
      reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads")),
      reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads")),
  };
  return &engine;
}

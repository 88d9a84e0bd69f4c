// The engine on torch as a library of its own, libcalcisol_torch, which libcalcisol loads for the first bundle that
// TorchScript is to step.
//
// Why: a host links libcalcisol in every build, and most of its runs open no bundle, or one that the native engine
// steps. They pay nothing for torch and need none; where it is wanted and missing, open says so, instead of the loader
// refusing to start the host.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "calcisol.h"
#include "engine/module.hpp"

namespace calcisol {

struct DeviceModule; // known to the device room alone

// What libcalcisol_torch answers with: the functions of Engine and DeviceEngine, and those of the OpenMP runtime that
// torch uses, NULL where it uses none. Both libraries are of one build; `version` makes sure.
struct TorchEngine {
  const char *version;
  std::string (*info)();
  std::unique_ptr<Module> (*load)(const std::string &bytes, int threads);
  std::shared_ptr<DeviceModule> (*load_on_device)(const std::string &bytes, const calcisol_options &options,
                                                  std::string &place);
  std::unique_ptr<calcisol_columns> (*device_columns)(std::shared_ptr<DeviceModule> module, std::int64_t ncol,
                                                      int nlay);
  int (*openmp_threads)();
  void (*set_openmp_threads)(int);
};

// Loaded by the first call and kept. Failure(CALCISOL_ERROR_TORCH) where torch is missing or of another version.
const TorchEngine &torch_library();

} // namespace calcisol

// The engine on torch as a library of its own, libcalcisol_torch, which libcalcisol loads when the first bundle is
// opened.
//
// Why: a host links libcalcisol in every build, and many of its ranks and runs never open a bundle. They pay nothing
// for torch; and where torch is missing, open says so, instead of the loader refusing to start the host.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "backend.hpp"

namespace calcisol {

// What libcalcisol_torch answers with: the functions of Engine, and those of the OpenMP runtime that torch uses, NULL
// where it uses none. Both libraries are of one build; `version` makes sure.
struct TorchEngine {
  const char *version;
  std::string (*info)();
  void (*check)();
  std::vector<Record> (*records)(const std::string &bytes);
  std::unique_ptr<Module> (*load)(const std::string &bytes, int threads);
  std::shared_ptr<DeviceModule> (*load_on_device)(const std::string &bytes, const calcisol_options &options,
                                                  std::string &place);
  std::unique_ptr<calcisol_columns> (*device_columns)(std::shared_ptr<DeviceModule> module, std::int64_t ncol,
                                                      int nlay);
  int (*openmp_threads)();
  void (*set_openmp_threads)(int);
};

} // namespace calcisol

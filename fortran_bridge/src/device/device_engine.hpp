// Models and columns on a device: by native kernels in cuda_*.cpp, or by torch in device_columns.cpp, which
// device_lazy.cpp reaches through libcalcisol_torch; refused by the stub library, in device_stub.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bundle/bundle.hpp"
#include "calcisol.h"
#include "columns/columns_base.hpp"
#include "native/device_kernel.hpp"

namespace calcisol {

struct DeviceModule; // a module on a device; only device_columns.hpp looks inside

struct DeviceEngine {
  // A model on options.device, whose name comes back in `place`. Failure where there is none: no fall-back.
  static std::shared_ptr<DeviceModule> load(const std::string &bytes, const calcisol_options &options,
                                            std::string &place);
  static std::unique_ptr<calcisol_columns> columns(std::shared_ptr<DeviceModule> module, std::int64_t ncol, int nlay);
};

class CudaModel; // a bundle and its kernels on a CUDA device (cuda_model.hpp)

struct CudaEngine {
  // device_index -1: the current one. Failure where there is no driver, no such device, or no code for it.
  static std::shared_ptr<CudaModel> load(const Bundle &bundle, const calcisol_device_kernel &kernel, int device_index,
                                         std::string &place);
  static std::unique_ptr<calcisol_columns> columns(std::shared_ptr<CudaModel> model, std::int64_t ncol, int nlay);
};

} // namespace calcisol

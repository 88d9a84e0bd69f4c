// The object behind calcisol_model: a loaded module and its contract, shared by the columns made from it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "calcisol.h"
#include "device/device_engine.hpp"
#include "engine/module.hpp"

struct calcisol_model {
  std::shared_ptr<calcisol::Module> module;       // on the host, else NULL
  std::shared_ptr<calcisol::DeviceModule> device; // on a device by TorchScript, else NULL
  std::shared_ptr<calcisol::CudaModel> cuda;      // on a device by native kernels, else NULL
  std::string contract;                           // JSON
  double longest = 0.0;                           // s, longer steps are cut (subcycle.hpp); 0: never
  int tile_columns;
  calcisol::Log log;
};

namespace calcisol {

// Check and load. `name` is what messages call the bundle. Failure when anything does not fit.
std::unique_ptr<calcisol_model> open_model(const std::string &bytes, const std::string &name,
                                           const calcisol_options *options, Notes &notes);

// Columns where the model lives.
std::unique_ptr<calcisol_columns> new_columns(const calcisol_model &model, std::int64_t ncol, int nlay);

// The same, each layer in as many pieces as said, if any is in more than one; soil by piece or by layer.
std::unique_ptr<calcisol_columns> new_columns(const calcisol_model &model, std::int64_t ncol,
                                              const std::vector<int> &pieces, bool soil_by_piece);

} // namespace calcisol

// The object behind calcisol_model: a loaded module and its contract, shared by the columns made from it.
#pragma once

#include <memory>
#include <string>

#include "backend.hpp"
#include "calcisol.h"

struct calcisol_model {
  std::shared_ptr<calcisol::Module> module;
  std::string contract; // JSON
  int tile_columns;
};

namespace calcisol {

// Check and load. `name` stands in messages. Failure when anything does not fit.
std::unique_ptr<calcisol_model> open_model(const std::string &bytes, const std::string &name,
                                           const calcisol_options *options);

} // namespace calcisol

// The engine a library was built with: TorchScript, in torchscript.cpp, which torch_library.cpp loads when it is first
// needed; in the stub library none, in stub.cpp.
#pragma once

#include <memory>
#include <string>

#include "engine/module.hpp"

namespace calcisol {

struct Engine {
  static bool needs_bundle(); // false: the stub
  static std::string info();  // e.g. "torch 2.13.0 (built with 2.13)"; loads nothing
  // Failure(CALCISOL_ERROR_TORCH) when torch is missing or does not fit.
  static std::unique_ptr<Module> load(const std::string &bytes, int threads);
};

} // namespace calcisol

// Which engine steps a bundle, on the host or on a device: TorchScript, the library's own kernel, or one the user has
// compiled.
#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "bundle/bundle.hpp"
#include "calcisol.h"
#include "engine/module.hpp"
#include "native/device_kernel.hpp"

namespace calcisol {

// The module that options.engine and options.engine_library (completed) ask for; torch is loaded only where TorchScript
// is the answer. `name` becomes what describe() calls it; `notes` gets a warning of a library in the environment that
// does not fit. Failure(CALCISOL_ERROR_UNSUPPORTED) when what was asked for does not fit.
std::unique_ptr<Module> chosen_module(const Bundle &bundle, const std::string &bytes, const calcisol_options &options,
                                      std::string &name, Notes &notes);

// The same for a CUDA device: NULL where TorchScript is to step there.
const calcisol_device_kernel *chosen_device_kernel(const Bundle &bundle, const calcisol_options &options,
                                                   std::string &name, Notes &notes);

} // namespace calcisol

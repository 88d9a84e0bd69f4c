// Which engine steps a bundle on the host: TorchScript, the library's own kernel, or one the user has compiled.
#pragma once

#include <memory>
#include <string>

#include "backend.hpp"
#include "calcisol.h"
#include "log.hpp"

namespace calcisol {

// The module that options.engine and options.engine_library (completed) ask for; `name` becomes what describe() says of
// it, `notes` hears of a library in the environment that does not fit. `graph` is the fingerprint in the bundle's
// contract, "" where it has none. Failure(CALCISOL_ERROR_UNSUPPORTED) when what was asked for does not fit.
std::unique_ptr<Module> with_engine(std::unique_ptr<Module> module, const calcisol_options &options,
                                    const std::string &graph, std::string &name, Notes &notes);

} // namespace calcisol

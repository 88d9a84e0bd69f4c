// Options of a model, whatever version of calcisol.h the host was compiled with.
#pragma once

#include "base/log.hpp"
#include "calcisol.h"

namespace calcisol {

// Defaults into the first `size` bytes. Failure when the size cannot be one of calcisol_options.
void init_options(calcisol_options &options, std::int64_t size);

// The host's options with defaults where it gives none, checked. NULL = all defaults.
calcisol_options completed(const calcisol_options *given);

// The log function in options that may be of any size or wrong: a failing open still reports to it.
Log log_of(const calcisol_options *given) noexcept;

} // namespace calcisol

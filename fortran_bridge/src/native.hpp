// The native engine: steps by a kernel compiled with the library, everything else by the module of the bundle.
#pragma once

#include <memory>
#include <string>

#include "backend.hpp"
#include "native/kernel.hpp"

namespace calcisol {

// The kernel for this processor, NULL where the library has none (kernels.cpp, backend_stub.cpp).
const calcisol_kernel *native_kernel();

// One clause for build_info: ", native kernel dcbf2363 (AVX2)".
std::string native_info();

// The module the engine asked for (enum calcisol_engine) steps with; `name` becomes what describe() says of it. `graph`
// is the fingerprint in the bundle's contract, "" where it has none; `width` the columns the module is always given.
// Failure(CALCISOL_ERROR_UNSUPPORTED) when the native engine is asked for and does not fit: no silent fall-back.
std::unique_ptr<Module> with_engine(std::unique_ptr<Module> module, std::int32_t engine, const std::string &graph,
                                    int width, std::string &name);

} // namespace calcisol

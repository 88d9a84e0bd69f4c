// The native engine: steps by a compiled kernel, everything else by the module of the bundle.
#pragma once

#include <memory>
#include <string>

#include "backend.hpp"
#include "native/kernel.hpp"

namespace calcisol {

// The kernel of this library for this processor, NULL where there is none (kernels.cpp, backend_stub.cpp).
const calcisol_kernel *native_kernel();

// One clause for build_info: ", native kernel dcbf2363 (AVX2)".
std::string native_info();

// What is said of a fingerprint in messages.
inline std::string short_name(const std::string &fingerprint) { return fingerprint.substr(0, 12); }

// The module with its steps taken by the kernel; `width` is the columns the module is always given. Failure when the
// tensors of the bundle are not those of the kernel.
std::unique_ptr<Module> native_module(std::unique_ptr<Module> module, const calcisol_kernel &kernel, int width);

} // namespace calcisol

// Kernels compiled on the user's machine (`calcisol compile`): a shared library with calcisol_kernel_get, named by the
// user in options.engine_library or CALCISOL_ENGINE_LIBRARY. It is code: never looked for, never taken from a bundle.
#pragma once

#include <string>

#include "native/device_kernel.hpp"
#include "native/kernel.hpp"

namespace calcisol {

// Whether this processor has the instructions of a kernel's target. Not without fused multiply-add: bits would differ.
bool processor_runs(const std::string &target);

// Whether it holds one of that name, "calcisol_kernel_get" or "calcisol_device_kernel_get"; Failure as below.
bool library_holds(const std::string &path, const char *name);

// Load a library and look at its kernel, for hosts or for devices; it stays loaded, columns keep using it.
// Failure(CALCISOL_ERROR_UNSUPPORTED) when it is no such library, of another calcisol, or for another processor.
const calcisol_kernel &kernel_of_library(const std::string &path);
const calcisol_device_kernel &device_kernel_of_library(const std::string &path);

// The path in the environment, "" where there is none or the process runs with another user's rights.
std::string library_of_environment();

} // namespace calcisol

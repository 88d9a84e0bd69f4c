// The native engine: all programs of a step by a compiled kernel, with the weights of a bundle. It needs no torch.
#pragma once

#include <memory>
#include <string>

#include "bundle/bundle.hpp"
#include "engine/module.hpp"
#include "native/device_kernel.hpp"
#include "native/kernel.hpp"

namespace calcisol {

// The kernel of this library for this processor, NULL where there is none (kernels.cpp, stub.cpp).
const calcisol_kernel *native_kernel();

// The kernel of this library for CUDA devices, NULL where the build had no compiler for it.
const calcisol_device_kernel *device_kernel();

// One clause for build_info: ", native kernel dcbf2363 (AVX2), device code dcbf2363 (sm_80 ...)".
std::string native_info();

// How messages name a fingerprint.
inline std::string short_name(const std::string &fingerprint) { return fingerprint.substr(0, 12); }

// Copy the weights; false when a tensor is missing, has another size or not the values the kernel was written for.
bool read_tensors(const Bundle &bundle, const calcisol_kernel_tensor *tensors, int count, double *doubles,
                  float *floats);

// Failure when the tensors of the bundle are not those of the kernel.
std::unique_ptr<Module> native_module(const Bundle &bundle, const calcisol_kernel &kernel);

} // namespace calcisol

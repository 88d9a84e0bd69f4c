// The CUDA driver API as far as the native engine on a device uses it: libcuda.so.1, opened by name, and its errors.
//
// No toolkit, no CUDA runtime: types and numbers below are those of cuda.h, fixed since CUDA 4.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace calcisol {

using CudaPointer = unsigned long long; // device memory
using CudaHandle = void *;              // context, module, function, stream or event

#define CALCISOL_CUDA_FUNCTIONS(F)                                                                                     \
  F(cuDriverGetVersion, (int *))                                                                                       \
  F(cuDeviceGet, (int *, int))                                                                                         \
  F(cuDeviceGetName, (char *, int, int))                                                                               \
  F(cuDeviceGetAttribute, (int *, int, int))                                                                           \
  F(cuDevicePrimaryCtxRetain, (CudaHandle *, int))                                                                     \
  F(cuDevicePrimaryCtxRelease_v2, (int))                                                                               \
  F(cuCtxGetCurrent, (CudaHandle *))                                                                                   \
  F(cuCtxGetDevice, (int *))                                                                                           \
  F(cuCtxPushCurrent_v2, (CudaHandle))                                                                                 \
  F(cuCtxPopCurrent_v2, (CudaHandle *))                                                                                \
  F(cuModuleLoadData, (CudaHandle *, const void *))                                                                    \
  F(cuModuleUnload, (CudaHandle))                                                                                      \
  F(cuModuleGetFunction, (CudaHandle *, CudaHandle, const char *))                                                     \
  F(cuModuleGetGlobal_v2, (CudaPointer *, std::size_t *, CudaHandle, const char *))                                    \
  F(cuMemAlloc_v2, (CudaPointer *, std::size_t))                                                                       \
  F(cuMemFree_v2, (CudaPointer))                                                                                       \
  F(cuMemcpyHtoDAsync_v2, (CudaPointer, const void *, std::size_t, CudaHandle))                                        \
  F(cuMemcpyDtoHAsync_v2, (void *, CudaPointer, std::size_t, CudaHandle))                                              \
  F(cuMemsetD8Async, (CudaPointer, unsigned char, std::size_t, CudaHandle))                                            \
  F(cuLaunchKernel,                                                                                                    \
    (CudaHandle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CudaHandle, void **, void **))  \
  F(cuStreamSynchronize, (CudaHandle))                                                                                 \
  F(cuEventCreate, (CudaHandle *, unsigned))                                                                           \
  F(cuEventRecord, (CudaHandle, CudaHandle))                                                                           \
  F(cuEventSynchronize, (CudaHandle))                                                                                  \
  F(cuEventDestroy_v2, (CudaHandle))                                                                                   \
  F(cuGetErrorString, (int, const char **))

struct CudaApi {
#define CALCISOL_CUDA_MEMBER(name, arguments) int(*name) arguments = nullptr;
  CALCISOL_CUDA_FUNCTIONS(CALCISOL_CUDA_MEMBER)
#undef CALCISOL_CUDA_MEMBER
};

// Failure(CALCISOL_ERROR_UNSUPPORTED) where there is no driver, or one that lacks a function.
const CudaApi &cuda_api();

// Failure where a call of the driver did not succeed; `doing` says what for: "allocating 3 GB on CUDA device 0".
void cuda_check(int code, const std::string &doing);

} // namespace calcisol

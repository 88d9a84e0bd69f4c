#include "device/cuda_api.hpp"

#include <dlfcn.h>

#include "base/cuda_driver.hpp"
#include "base/status.hpp"

namespace calcisol {

namespace {

// Numbers of CUresult (cuda.h) that mean something to a host.
enum : int {
  success = 0,
  out_of_memory = 2,
  not_initialized = 3,
  deinitialized = 4,
  stub_library = 34,
  insufficient_driver = 35,
  device_unavailable = 46,
  no_device = 100,
  invalid_device = 101,
  invalid_image = 200,
  invalid_context = 201,
  no_binary_for_gpu = 209,
  ecc_uncorrectable = 214,
  invalid_ptx = 218,
  jit_compiler_not_found = 221,
  unsupported_ptx_version = 222,
  invalid_handle = 400,
  not_found = 500,
  illegal_address = 700,
  context_is_destroyed = 709,
  last_of_launches = 799, // from 700 on: what a kernel did that the device does not survive
  system_driver_mismatch = 803,
  compat_not_supported = 804,
  unknown = 999,
};

int (*tell)(int, const char **) = nullptr; // cuGetErrorString, once there is a driver

const CudaApi &loaded() {
  static CudaApi api;
  void *library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (!library)
    throw Failure(CALCISOL_ERROR_UNSUPPORTED,
                  "there is no CUDA driver (libcuda.so.1); run where there is a GPU, or set "
                  "options.device = CALCISOL_HOST");
  const auto find = [&](const char *name) {
    void *found = dlsym(library, name);
    if (!found)
      throw Failure(CALCISOL_ERROR_UNSUPPORTED,
                    std::string("the CUDA driver is too old (it has no ") + name + "); install a newer one");
    return found;
  };
#define CALCISOL_CUDA_FIND(name, arguments) api.name = reinterpret_cast<decltype(api.name)>(find(#name));
  CALCISOL_CUDA_FUNCTIONS(CALCISOL_CUDA_FIND)
#undef CALCISOL_CUDA_FIND
  tell = api.cuGetErrorString;
  const auto init = reinterpret_cast<int (*)(unsigned)>(find("cuInit"));
  cuda_check(init(0), "starting the CUDA driver");
  return api;
}

std::string words(int code) {
  const char *text = nullptr;
  if (tell && tell(code, &text) == success && text)
    return text;
  return "error " + std::to_string(code);
}

} // namespace

const CudaApi &cuda_api() {
  static const CudaApi &one = loaded(); // a failure is not kept: the next open tries again
  return one;
}

void cuda_check(int code, const std::string &doing) {
  if (code == success)
    return;
  const auto failure = [&](calcisol_status status, const std::string &mend) {
    return Failure(status, doing + " failed: the CUDA driver says \"" + words(code) + "\" (" + std::to_string(code) +
                               "); " + mend);
  };
  switch (code) {
  case out_of_memory:
    throw failure(CALCISOL_ERROR_MEMORY, "use fewer columns per device, or more devices");
  case no_device:
  case invalid_device:
    throw failure(CALCISOL_ERROR_UNSUPPORTED, "look at CUDA_VISIBLE_DEVICES");
  case not_initialized:
  case stub_library:
  case insufficient_driver:
  case system_driver_mismatch:
  case compat_not_supported:
    throw failure(CALCISOL_ERROR_UNSUPPORTED, "install the driver of this machine's GPU, or restart after its update");
  case no_binary_for_gpu:
  case invalid_image:
  case invalid_ptx:
  case jit_compiler_not_found:
  case unsupported_ptx_version:
    throw failure(CALCISOL_ERROR_UNSUPPORTED,
                  "there is no device code for this GPU and driver: install a newer driver, "
                  "run `calcisol compile --device cuda` for it, or set "
                  "CALCISOL_ENGINE_TORCHSCRIPT");
  case not_found:
    throw failure(CALCISOL_ERROR_UNSUPPORTED,
                  "the device code is of another calcisol; run `calcisol compile --device cuda` again");
  case deinitialized:
  case invalid_context:
  case context_is_destroyed:
    throw failure(CALCISOL_ERROR_UNSUPPORTED,
                  "the context the model was opened in is gone; free its columns before the program ends CUDA");
  case invalid_handle:
    throw failure(CALCISOL_ERROR_ARGUMENT, "give a stream of the device and context the model was opened in");
  case illegal_address:
    throw failure(CALCISOL_ERROR_ARGUMENT,
                  "an array that was said to lie on the device is too short or is not there; the device can only be "
                  "used again by a new process");
  default:
    break;
  }
  const bool lost = code == device_unavailable || code == ecc_uncorrectable || code == unknown ||
                    (code > illegal_address && code <= last_of_launches);
  if (lost)
    throw failure(CALCISOL_ERROR_UNSUPPORTED,
                  "the device is lost with the state on it; start again from the last state that was saved");
  throw failure(CALCISOL_ERROR_INTERNAL, "please report it");
}

} // namespace calcisol

// The stub library has no device.
#include "base/status.hpp"
#include "device/device_engine.hpp"

namespace calcisol {

std::shared_ptr<DeviceModule> DeviceEngine::load(const std::string &, const calcisol_options &, std::string &) {
  throw Failure(CALCISOL_ERROR_UNSUPPORTED, "this is the stub without torch, which has no device; link libcalcisol");
}

std::unique_ptr<calcisol_columns> DeviceEngine::columns(std::shared_ptr<DeviceModule>, std::int64_t, int) {
  throw Failure(CALCISOL_ERROR_INTERNAL, "the stub has no device");
}

std::shared_ptr<CudaModel> CudaEngine::load(const Bundle &, const calcisol_device_kernel &, int, std::string &) {
  throw Failure(CALCISOL_ERROR_INTERNAL, "the stub has no device");
}

std::unique_ptr<calcisol_columns> CudaEngine::columns(std::shared_ptr<CudaModel>, std::int64_t, int) {
  throw Failure(CALCISOL_ERROR_INTERNAL, "the stub has no device");
}

} // namespace calcisol

// Devices as libcalcisol reaches them: through libcalcisol_torch.
#include "base/host_guard.hpp"
#include "device/device_engine.hpp"
#include "engine/torch_library.hpp"

namespace calcisol {

std::shared_ptr<DeviceModule> DeviceEngine::load(const std::string &bytes, const calcisol_options &options,
                                                 std::string &place) {
  const TorchEngine &torch = torch_library();
  const HostGuard guard; // as in Engine::load
  return torch.load_on_device(bytes, options, place);
}

std::unique_ptr<calcisol_columns> DeviceEngine::columns(std::shared_ptr<DeviceModule> module, std::int64_t ncol,
                                                        int nlay) {
  return torch_library().device_columns(std::move(module), ncol, nlay);
}

} // namespace calcisol

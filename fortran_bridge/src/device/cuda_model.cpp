#include "device/cuda_model.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/cuda_driver.hpp"
#include "base/status.hpp"
#include "device/device_engine.hpp"
#include "engine/native.hpp"

namespace calcisol {

namespace {

const char *const names[] = {"calcisol_prepare", "calcisol_initial_state", "calcisol_step",    "calcisol_laboratory_ph",
                             "calcisol_gather",  "calcisol_deliver",       "calcisol_hand_out"};

} // namespace

CudaModel::Entered::Entered(const CudaModel &model) : api(model.driver) {
  cuda_check(api.cuCtxPushCurrent_v2(model.context), "entering the context of " + model.name);
}

CudaModel::Entered::~Entered() {
  CudaHandle left = nullptr;
  api.cuCtxPopCurrent_v2(&left);
}

CudaModel::CudaModel(const Bundle &bundle, const calcisol_device_kernel &kernel, int device_index)
    : driver(cuda_api()), kernel(kernel), ordinal(device_index) {
  take_context();
  try {
    const Entered here(*this);
    load(bundle);
  } catch (...) { // the destructor does not run
    if (retained)
      driver.cuDevicePrimaryCtxRelease_v2(ordinal);
    throw;
  }
}

CudaModel::~CudaModel() {
  try {
    const Entered here(*this);
    if (module)
      driver.cuModuleUnload(module);
  } catch (...) { // a lost device has nothing to unload
  }
  if (retained)
    driver.cuDevicePrimaryCtxRelease_v2(ordinal);
}

// The context the host works in, where it is one of the device asked for: an OpenACC or OpenMP runtime may have made
// its own. Else the primary one, which the CUDA runtime, and so most hosts, use.
void CudaModel::take_context() {
  CudaHandle current = nullptr;
  int here = -1;
  if (driver.cuCtxGetCurrent(&current) != 0 || !current || driver.cuCtxGetDevice(&here) != 0)
    here = -1;
  const int devices = device_count();
  if (devices == 0)
    throw Failure(
        CALCISOL_ERROR_UNSUPPORTED,
        "the CUDA driver shows no device; look at CUDA_VISIBLE_DEVICES, or set options.device = CALCISOL_HOST");
  if (ordinal < 0)
    ordinal = std::max(here, 0);
  if (ordinal >= devices)
    throw Failure(CALCISOL_ERROR_ARGUMENT, "options.device_index is " + std::to_string(ordinal) + ", there are " +
                                               std::to_string(devices) + " CUDA devices, numbered from 0");
  char text[128] = "";
  int device = 0;
  cuda_check(driver.cuDeviceGet(&device, ordinal), "asking for CUDA device " + std::to_string(ordinal));
  driver.cuDeviceGetName(text, sizeof text - 1, device);
  name = "CUDA device " + std::to_string(ordinal) + " (" + text + ")";
  context = here == ordinal ? current : nullptr;
  if (!context) {
    cuda_check(driver.cuDevicePrimaryCtxRetain(&context, device), "starting on " + name);
    retained = true;
  }
}

void CudaModel::load(const Bundle &bundle) {
  std::vector<double> doubles(std::max(kernel.doubles, 1));
  std::vector<float> floats(std::max(kernel.floats, 1));
  if (!read_tensors(bundle, kernel.tensors, kernel.n_tensors, doubles.data(), floats.data()))
    throw Failure(CALCISOL_ERROR_BUNDLE, "the tensors of the bundle do not fit the step graph its contract names; "
                                         "export it again with `calcisol export`");
  cuda_check(driver.cuModuleLoadData(&module, kernel.image),
             "loading device code (" + std::string(kernel.target) + ") on " + name);
  try {
    for (int i = 0; i < static_cast<int>(CudaKernel::count); ++i)
      cuda_check(driver.cuModuleGetFunction(&functions[i], module, names[i]), std::string("looking for ") + names[i]);
    const auto fill = [&](const char *symbol, const void *from, std::size_t bytes) {
      CudaPointer to = 0;
      std::size_t size = 0;
      cuda_check(driver.cuModuleGetGlobal_v2(&to, &size, module, symbol), std::string("looking for ") + symbol);
      if (size != bytes)
        throw Failure(CALCISOL_ERROR_UNSUPPORTED, std::string("the device code has another size of ") + symbol +
                                                      "; run `calcisol compile --device cuda` again");
      cuda_check(driver.cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr), "copying weights to " + name);
    };
    fill("calcisol_doubles", doubles.data(), doubles.size() * sizeof(double));
    fill("calcisol_floats", floats.data(), floats.size() * sizeof(float));
    cuda_check(driver.cuStreamSynchronize(nullptr), "copying weights to " + name); // columns may use any stream
  } catch (...) {
    driver.cuModuleUnload(module);
    throw;
  }
}

calcisol_device_shape CudaModel::shape_of(std::int64_t columns, int layers) const {
  const auto most = std::max<std::int64_t>(1, columns);
  const auto width = std::min<std::int64_t>(std::max(1, kernel.threads / layers), most);
  return {layers, static_cast<std::int32_t>(width), static_cast<std::int32_t>(columns)};
}

void CudaModel::launch(CudaKernel which, const calcisol_device_shape &shape, void *argument, CudaHandle stream) const {
  const int i = static_cast<int>(which);
  const unsigned threads = static_cast<unsigned>(shape.layers * shape.width);
  const unsigned blocks = static_cast<unsigned>((shape.columns + shape.width - 1) / shape.width);
  const unsigned numbers =
      threads * static_cast<unsigned>(kernel.shared_doubles) + static_cast<unsigned>(kernel.shared_tables);
  const unsigned shared = numbers * sizeof(double);
  void *arguments[] = {argument};
  cuda_check(driver.cuLaunchKernel(functions[i], blocks, 1, 1, threads, 1, 1, shared, stream, arguments, nullptr),
             std::string("launching ") + names[i] + " on " + name);
}

std::shared_ptr<CudaModel> CudaEngine::load(const Bundle &bundle, const calcisol_device_kernel &kernel,
                                            int device_index, std::string &place) {
  auto model = std::make_shared<CudaModel>(bundle, kernel, device_index);
  place = model->place();
  return model;
}

} // namespace calcisol

#include "api/model.hpp"

#include <algorithm>

#include "api/options.hpp"
#include "base/status.hpp"
#include "bundle/bundle.hpp"
#include "columns/columns.hpp"
#include "columns/split_columns.hpp"
#include "engine/engine.hpp"
#include "engine/engine_choice.hpp"
#include "engine/subcycle.hpp"

namespace calcisol {

namespace {

// On a CUDA device by native kernels where there are any for this bundle, else by TorchScript.
void open_on_device(calcisol_model &model, const Bundle &bundle, const std::string &bytes,
                    const calcisol_options &options, std::string &place, std::string &engine, Notes &notes) {
  const bool real = options.device == CALCISOL_DEVICE && Engine::needs_bundle();
  if (!real && (options.engine == CALCISOL_ENGINE_NATIVE || options.engine_library))
    throw Failure(CALCISOL_ERROR_UNSUPPORTED,
                  "the native engine was asked for on an emulated device, where TorchScript "
                  "runs; set CALCISOL_ENGINE_AUTO and no engine_library");
  const calcisol_device_kernel *kernel = real ? chosen_device_kernel(bundle, options, engine, notes) : nullptr;
  if (kernel)
    model.cuda = CudaEngine::load(bundle, *kernel, options.device_index, place);
  else
    model.device = DeviceEngine::load(bytes, options, place);
}

} // namespace

std::unique_ptr<calcisol_model> open_model(const std::string &bytes, const std::string &name,
                                           const calcisol_options *given, Notes &notes) {
  const calcisol_options options = completed(given);
  const Bundle bundle = Engine::needs_bundle() ? checked_bundle(bytes, name) : Bundle{own_contract(), {}, {}};
  auto model = std::make_unique<calcisol_model>();
  model->contract = bundle.text;
  model->longest = bundle.contract["parameters"]["longest_step_s"].value; // 0 where none is named
  std::string place = "the host", engine = "TorchScript";
  if (options.device == CALCISOL_HOST) {
    model->module = cut_long_steps(chosen_module(bundle, bytes, options, engine, notes), model->longest);
  } else {
    open_on_device(*model, bundle, bytes, options, place, engine, notes);
  }
  model->contract.insert(1, "\"engine\": \"" + engine + "\", ");
  model->tile_columns = options.tile_columns;
  model->log = {options.log, options.log_user};
  notes.emplace_back(CALCISOL_LOG_INFO, "bundle " + name + " is open on " + place + ", " +
                                            (engine == "TorchScript" ? Engine::info() : engine));
  return model;
}

std::unique_ptr<calcisol_columns> new_columns(const calcisol_model &model, std::int64_t ncol, int nlay) {
  std::unique_ptr<calcisol_columns> made =
      model.cuda     ? CudaEngine::columns(model.cuda, ncol, nlay)
      : model.device ? DeviceEngine::columns(model.device, ncol, nlay)
                     : std::make_unique<HostColumns>(model.module, model.tile_columns, ncol, nlay);
  made->log = model.log;
  made->longest = model.longest;
  return made;
}

std::unique_ptr<calcisol_columns> new_columns(const calcisol_model &model, std::int64_t ncol,
                                              const std::vector<int> &pieces, bool soil_by_piece) {
  if (std::all_of(pieces.begin(), pieces.end(), [](int n) { return n == 1; }))
    return new_columns(model, ncol, static_cast<int>(pieces.size()));
  calcisol_model thin = model;
  thin.longest = model.longest > 0.0 ? std::min(model.longest, longest_of_pieces) : longest_of_pieces;
  if (thin.module)
    thin.module = cut_long_steps(thin.module, thin.longest);
  const NewColumns make = [thin](std::int64_t columns, int layers) { return new_columns(thin, columns, layers); };
  auto made = std::make_unique<SplitColumns>(make, ncol, pieces, soil_by_piece);
  made->log = thin.log;
  made->longest = thin.longest;
  return made;
}

} // namespace calcisol

// The engine on TorchScript. The only file of the library that includes torch: it takes as long as all others together.
#include "backend.hpp"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <caffe2/serialize/in_memory_adapter.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>
#include <torch/version.h>

#include <cstring>
#include <mutex>

#include "status.hpp"
#include "table.hpp"

namespace calcisol {

namespace {

// Last line of torch's text: the others are a trace through the scripted source.
std::string last_line(const std::string &text) {
  const std::size_t end = text.find_last_not_of(" \n");
  if (end == std::string::npos)
    return "no text";
  const std::size_t before = text.find_last_of('\n', end), start = before == std::string::npos ? 0 : before + 1;
  const std::string line = text.substr(start, end + 1 - start), noise = "builtins.";
  return line.rfind(noise, 0) == 0 ? line.substr(noise.size()) : line;
}

// Everything torch needs to be told for one call, and told back after it.
class Call {
public:
  explicit Call(int threads) : before(at::get_num_threads()), wanted(threads) {
    if (before != wanted)
      at::set_num_threads(wanted);
  }
  ~Call() {
    if (before != wanted)
      at::set_num_threads(before);
  }
  Call(const Call &) = delete;
  Call &operator=(const Call &) = delete;

private:
  struct Quiet : c10::WarningHandler { // a library prints nothing
    void process(const c10::Warning &) override {}
  };
  int before, wanted;
  c10::InferenceMode inference;
  // The profiling executor rewrites the graph after its first runs: bits of a restart could differ.
  torch::jit::GraphOptimizerEnabledGuard unoptimised{false};
  Quiet quiet;
  c10::WarningUtils::WarningHandlerGuard warnings{&quiet};
};

at::Tensor wrap(const double *data, std::vector<std::int64_t> shape) {
  return at::from_blob(const_cast<double *>(data), shape, at::TensorOptions().dtype(at::kDouble));
}

std::string shape_text(at::IntArrayRef shape) {
  std::string text;
  for (std::int64_t n : shape)
    text += (text.empty() ? "" : ", ") + std::to_string(n);
  return "[" + text + "]";
}

// Copy an answer of the module out, after looking at what it is: a wrong shape must not be broadcast into ours.
template <class T>
void copy_out(const c10::IValue &answer, std::vector<std::int64_t> shape, const char *what, T *destination) {
  constexpr auto type = std::is_same_v<T, double> ? at::kDouble : at::kInt;
  if (!answer.isTensor() || answer.toTensor().scalar_type() != type ||
      answer.toTensor().sizes() != at::IntArrayRef(shape))
    throw Failure(CALCISOL_ERROR_MODEL,
                  std::string("the module in the bundle answered ") + what + " " +
                      (answer.isTensor() ? std::string(c10::toString(answer.toTensor().scalar_type())) + " " +
                                               shape_text(answer.toTensor().sizes())
                                         : "that is no tensor") +
                      " instead of " + c10::toString(type) + " " + shape_text(shape) + "; export it again");
  const at::Tensor dense = answer.toTensor().contiguous();
  std::memcpy(destination, dense.data_ptr<T>(), sizeof(T) * static_cast<std::size_t>(dense.numel()));
}

class TorchModule : public Module {
public:
  TorchModule(torch::jit::Module loaded, int threads) : module(std::move(loaded)), threads(threads) {
    module.eval();
    for (const char *name : {"prepare", "initial_state", "forward", "laboratory_ph"})
      if (!module.find_method(name))
        throw Failure(CALCISOL_ERROR_BUNDLE, std::string("the module in the bundle has no method ") + name +
                                                 "; export it with `calcisol export`");
  }

  void prepare(Shape s, double *statics) override {
    const auto answer = run("prepare", {wrap(statics, {n_static, s.layers, s.columns})});
    copy_out(answer, {n_static, s.layers, s.columns}, "soil properties", statics);
  }

  void initial_state(Shape s, const double *statics, const double *layer, const double *column,
                     double *state) override {
    const auto answer = run("initial_state", {wrap(statics, {n_static, s.layers, s.columns}),
                                              wrap(layer, {forcing.layered(), s.layers, s.columns}),
                                              wrap(column, {forcing.column(), s.columns})});
    copy_out(answer, {n_state, s.layers, s.columns}, "an initial state", state);
  }

  void step(Shape s, const double *statics, const double *layer, const double *column, double dt, double *state,
            double *output_layer, double *output_column, std::int32_t *flag) override {
    const auto answer =
        run("forward", {wrap(state, {n_state, s.layers, s.columns}), wrap(statics, {n_static, s.layers, s.columns}),
                        wrap(layer, {forcing.layered(), s.layers, s.columns}),
                        wrap(column, {forcing.column(), s.columns}), wrap(&dt, {})});
    if (!answer.isTuple() || answer.toTupleRef().elements().size() != 4)
      throw Failure(CALCISOL_ERROR_MODEL,
                    "the module in the bundle did not answer a step with four tensors; export it again");
    const auto &parts = answer.toTupleRef().elements();
    copy_out(parts[1], {output.layered(), s.layers, s.columns}, "layer outputs", output_layer);
    copy_out(parts[2], {output.column(), s.columns}, "column outputs", output_column);
    copy_out(parts[3], {s.layers, s.columns}, "a flag", flag);
    copy_out(parts[0], {n_state, s.layers, s.columns}, "a state", state);
  }

  void laboratory_ph(Shape s, const double *statics, const double *state, double *ph) override {
    const auto answer = run(
        "laboratory_ph", {wrap(statics, {n_static, s.layers, s.columns}), wrap(state, {n_state, s.layers, s.columns})});
    copy_out(answer, {n_lab, s.layers, s.columns}, "laboratory pH", ph);
  }

private:
  static constexpr std::int64_t n_static = CALCISOL_N_STATIC, n_state = CALCISOL_N_STATE, n_lab = CALCISOL_N_LAB;
  const Rows forcing = rows(CALCISOL_ROLE_FORCING), output = rows(CALCISOL_ROLE_OUTPUT);
  torch::jit::Module module;
  int threads;

  c10::IValue run(const char *method, std::vector<c10::IValue> arguments) {
    try {
      const Call call(threads);
      return module.get_method(method)(std::move(arguments));
    } catch (const std::bad_alloc &) {
      throw;
    } catch (const c10::Error &error) {
      throw Failure(CALCISOL_ERROR_MODEL, std::string("the module in the bundle failed in ") + method + ": " +
                                              last_line(error.what_without_backtrace()));
    } catch (const std::exception &error) {
      throw Failure(CALCISOL_ERROR_MODEL,
                    std::string("the module in the bundle failed in ") + method + ": " + last_line(error.what()));
    }
  }
};

// "2.13.0" out of the configuration text of the loaded library; the header only knows what we were built with.
const std::string &loaded_version() {
  static const std::string version = [] {
    const std::string text = at::show_config(), key = "TORCH_VERSION=";
    const std::size_t start = text.find(key);
    if (start == std::string::npos)
      return std::string("of unknown version");
    const std::size_t first = start + key.size();
    return text.substr(first, text.find_first_of(", \n", first) - first);
  }();
  return version;
}

const std::string built_minor = std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR);

std::shared_ptr<caffe2::serialize::MemoryReadAdapter> adapter(const std::string &bytes) {
  return std::make_shared<caffe2::serialize::MemoryReadAdapter>(bytes.data(), static_cast<off_t>(bytes.size()));
}

} // namespace

bool Engine::needs_bundle() { return true; }

std::string Engine::info() { return "torch " + loaded_version() + " (built with " + built_minor + "), cpu"; }

void Engine::check() {
  if (loaded_version().rfind(built_minor + ".", 0) != 0)
    throw Failure(CALCISOL_ERROR_TORCH, "torch " + loaded_version() + " is loaded, libcalcisol was built with " +
                                            built_minor + "; install torch " + built_minor +
                                            " or build calcisol again");
}

std::vector<Record> Engine::records(const std::string &bytes) {
  const Call call(1);
  caffe2::serialize::PyTorchStreamReader reader(adapter(bytes));
  std::vector<Record> records;
  for (const std::string &name : reader.getAllRecords()) {
    const auto [data, size] = reader.getRecord(name);
    records.push_back({name, std::string(static_cast<const char *>(data.get()), size)});
  }
  return records;
}

std::unique_ptr<Module> Engine::load(const std::string &bytes, int threads) {
  try {
    const Call call(threads);
    torch::jit::Module loaded = torch::jit::load(adapter(bytes), c10::Device(c10::kCPU));
    return std::make_unique<TorchModule>(std::move(loaded), threads);
  } catch (const c10::Error &error) {
    throw Failure(CALCISOL_ERROR_BUNDLE,
                  "torch cannot load the module in the bundle: " + last_line(error.what_without_backtrace()));
  }
}

} // namespace calcisol

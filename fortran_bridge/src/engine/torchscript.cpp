// The engine on TorchScript, on the host. With device_columns.cpp and device_state.cpp the only files that include
// torch: one takes as long to compile as all others together.
#include "engine/engine.hpp"

#include <ATen/Version.h>
#include <torch/version.h>

#include <cstring>

#include "base/status.hpp"
#include "base/variable_table.hpp"
#include "engine/torch_call.hpp"

namespace calcisol {

namespace {

at::Tensor wrap(const double *data, std::vector<std::int64_t> shape) {
  return at::from_blob(const_cast<double *>(data), shape, at::TensorOptions().dtype(at::kDouble));
}

// Copy an answer of the module out.
template <class T>
void copy_out(const c10::IValue &answer, std::vector<std::int64_t> shape, const char *what, T *destination) {
  constexpr auto type = std::is_same_v<T, double> ? at::kDouble : at::kInt;
  const at::Tensor dense = checked(answer, type, shape, what).contiguous();
  std::memcpy(destination, dense.data_ptr<T>(), sizeof(T) * static_cast<std::size_t>(dense.numel()));
}

class TorchModule : public Module {
public:
  TorchModule(torch::jit::Module loaded, int threads) : module(std::move(loaded)), threads(threads) {
    check_methods(module);
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

  void step(Shape s, const StepBlocks &b) override {
    const auto answer = run("forward", {wrap(b.before, {n_state, s.layers, s.columns}),
                                        wrap(b.statics, {n_static, s.layers, s.columns}),
                                        wrap(b.layer, {forcing.layered(), s.layers, s.columns}),
                                        wrap(b.column, {forcing.column(), s.columns}), wrap(&b.dt, {})});
    if (!answer.isTuple() || answer.toTupleRef().elements().size() != 4)
      throw Failure(CALCISOL_ERROR_MODEL,
                    "the module in the bundle did not answer a step with four tensors; export it again");
    const auto &parts = answer.toTupleRef().elements();
    copy_out(parts[1], {output.layered(), s.layers, s.columns}, "layer outputs", b.output_layer);
    copy_out(parts[2], {output.column(), s.columns}, "column outputs", b.output_column);
    copy_out(parts[3], {s.layers, s.columns}, "a flag", b.flag);
    copy_out(parts[0], {n_state, s.layers, s.columns}, "a state", b.state);
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
    const Call call(threads);
    return run_method(module, method, std::move(arguments));
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

} // namespace

std::string Engine::info() { return "torch " + loaded_version() + " (built with " + built_minor + "), cpu"; }

void check_torch() {
  if (loaded_version().rfind(built_minor + ".", 0) != 0)
    throw Failure(CALCISOL_ERROR_TORCH, "torch " + loaded_version() + " is loaded, libcalcisol was built with " +
                                            built_minor + "; install torch " + built_minor +
                                            " or build calcisol again");
}

std::unique_ptr<Module> Engine::load(const std::string &bytes, int threads) {
  check_torch();
  return std::make_unique<TorchModule>(load_module(bytes, c10::Device(c10::kCPU), threads), threads);
}

} // namespace calcisol

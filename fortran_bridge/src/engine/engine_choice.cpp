#include "engine/engine_choice.hpp"

#include "base/status.hpp"
#include "engine/engine.hpp"
#include "engine/engine_library.hpp"
#include "engine/native.hpp"

namespace calcisol {

namespace {

std::string holds(const std::string &graph) {
  return "the bundle holds step " + (graph.empty() ? "of unknown graph" : short_name(graph));
}

// What hosts and devices differ in.
struct OnHost {
  using Kernel = calcisol_kernel;
  static constexpr const char *symbol = "calcisol_kernel_get", *other = "calcisol_device_kernel_get";
  static constexpr const char *command = "`calcisol compile`";
  static constexpr const char *none = "this build has no kernel for this processor";
  static const Kernel *own() { return native_kernel(); }
  static const Kernel &of_library(const std::string &path) { return kernel_of_library(path); }
};
struct OnDevice {
  using Kernel = calcisol_device_kernel;
  static constexpr const char *symbol = "calcisol_device_kernel_get", *other = "calcisol_kernel_get";
  static constexpr const char *command = "`calcisol compile --device cuda`";
  static constexpr const char *none = "this build has no device code (it found no nvcc)";
  static const Kernel *own() { return device_kernel(); }
  static const Kernel &of_library(const std::string &path) { return device_kernel_of_library(path); }
};

// The kernel of a library the user named, NULL where none is named or the one in the environment does not fit.
template <class Where>
const typename Where::Kernel *named_kernel(const calcisol_options &options, const std::string &graph, Notes &notes) {
  const bool asked = options.engine_library != nullptr;
  const std::string path = asked ? options.engine_library : library_of_environment();
  if (path.empty())
    return nullptr;
  if (!asked && !library_holds(path, Where::symbol) && library_holds(path, Where::other)) // for other models
    return nullptr;
  const auto &kernel = Where::of_library(path);
  if (graph == kernel.fingerprint)
    return &kernel;
  const std::string text =
      holds(graph) + ", engine library " + path + " was compiled for step " + short_name(kernel.fingerprint);
  if (asked)
    throw Failure(CALCISOL_ERROR_UNSUPPORTED, text + "; run " + Where::command + " on this bundle");
  notes.emplace_back(CALCISOL_LOG_WARNING, text + "; it is not used for this bundle");
  return nullptr;
}

// NULL where TorchScript is to step. A kernel that was asked for and does not fit is a failure.
template <class Where>
const typename Where::Kernel *chosen_kernel(const calcisol_options &options, const std::string &graph, Notes &notes,
                                            std::string &name) {
  const std::int32_t engine = options.engine;
  if (engine < CALCISOL_ENGINE_AUTO || engine > CALCISOL_ENGINE_NATIVE)
    throw Failure(CALCISOL_ERROR_ARGUMENT, "options.engine is " + std::to_string(engine) +
                                               "; give CALCISOL_ENGINE_AUTO, _TORCHSCRIPT or _NATIVE");
  if (engine == CALCISOL_ENGINE_TORCHSCRIPT)
    return nullptr;
  if (const auto *kernel = named_kernel<Where>(options, graph, notes)) {
    name = std::string("native ") + kernel->target + ", engine library";
    return kernel;
  }
  const auto *kernel = Where::own();
  if (kernel && graph == kernel->fingerprint) {
    name = std::string("native ") + kernel->target;
    return kernel;
  }
  if (engine == CALCISOL_ENGINE_NATIVE)
    throw Failure(CALCISOL_ERROR_UNSUPPORTED,
                  "the native engine was asked for, but " +
                      (kernel ? holds(graph) + ", the kernel step " + short_name(kernel->fingerprint)
                              : std::string(Where::none)) +
                      "; set options.engine = CALCISOL_ENGINE_AUTO, or run " + Where::command + " on the bundle");
  return nullptr;
}

} // namespace

std::unique_ptr<Module> chosen_module(const Bundle &bundle, const std::string &bytes, const calcisol_options &options,
                                      std::string &name, Notes &notes) {
  name = "TorchScript";
  if (const calcisol_kernel *kernel = chosen_kernel<OnHost>(options, bundle.graph(), notes, name))
    return native_module(bundle, *kernel);
  return Engine::load(bytes, options.threads);
}

const calcisol_device_kernel *chosen_device_kernel(const Bundle &bundle, const calcisol_options &options,
                                                   std::string &name, Notes &notes) {
  return chosen_kernel<OnDevice>(options, bundle.graph(), notes, name);
}

} // namespace calcisol

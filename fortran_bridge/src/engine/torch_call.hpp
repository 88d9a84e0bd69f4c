// What the two files that use torch share: its settings around a call, loading, running a method, looking at answers.
#pragma once

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <caffe2/serialize/in_memory_adapter.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "engine/headroom.hpp"

namespace calcisol {

// Failure(CALCISOL_ERROR_TORCH) when the loaded torch is not of the minor version this was built with.
void check_torch();

// Last line of torch's text: the others are a trace through the scripted source.
inline std::string last_line(const std::string &text) {
  const std::size_t end = text.find_last_not_of(" \n");
  if (end == std::string::npos)
    return "no text";
  const std::size_t before = text.find_last_of('\n', end), start = before == std::string::npos ? 0 : before + 1;
  const std::string line = text.substr(start, end + 1 - start), noise = "builtins.";
  return line.rfind(noise, 0) == 0 ? line.substr(noise.size()) : line;
}

// torch's global settings for one call; the former ones come back at its end.
class Call {
public:
  explicit Call(int threads)
      : before(at::get_num_threads()), wanted(threads), optimised(torch::jit::getGraphExecutorOptimize()) {
    // The profiling executor rewrites the graph after its first runs: bits of a restart could differ.
    torch::jit::setGraphExecutorOptimize(false);
    if (before != wanted)
      at::set_num_threads(wanted);
  }
  ~Call() {
    try {
      if (before != wanted)
        at::set_num_threads(before);
      torch::jit::setGraphExecutorOptimize(optimised);
    } catch (...) { // it logs, and so allocates; torch's own guard would end the process here when memory is out
    }
  }
  Call(const Call &) = delete;
  Call &operator=(const Call &) = delete;

private:
  struct Quiet : c10::WarningHandler { // a library prints nothing
    void process(const c10::Warning &) override {}
  };
  int before, wanted;
  bool optimised;
  c10::InferenceMode inference;
  Quiet quiet;
  c10::WarningUtils::WarningHandlerGuard warnings{&quiet};
};

inline std::string shape_text(at::IntArrayRef shape) {
  std::string text;
  for (std::int64_t n : shape)
    text += (text.empty() ? "" : ", ") + std::to_string(n);
  return "[" + text + "]";
}

// The answer as a tensor, after looking at what it is: a wrong shape must not be broadcast into ours.
inline const at::Tensor &checked(const c10::IValue &answer, at::ScalarType type, at::IntArrayRef shape,
                                 const char *what) {
  if (!answer.isTensor() || answer.toTensor().scalar_type() != type || answer.toTensor().sizes() != shape)
    throw Failure(CALCISOL_ERROR_MODEL,
                  std::string("the module in the bundle answered ") + what + " " +
                      (answer.isTensor() ? std::string(c10::toString(answer.toTensor().scalar_type())) + " " +
                                               shape_text(answer.toTensor().sizes())
                                         : "that is no tensor") +
                      " instead of " + c10::toString(type) + " " + shape_text(shape) + "; export it again");
  return answer.toTensor();
}

inline void check_methods(const torch::jit::Module &module) {
  for (const char *name : {"prepare", "initial_state", "forward", "laboratory_ph"})
    if (!module.find_method(name))
      throw Failure(CALCISOL_ERROR_BUNDLE, std::string("the module in the bundle has no method ") + name +
                                               "; export it with `calcisol export`");
}

inline std::shared_ptr<caffe2::serialize::MemoryReadAdapter> adapter(const std::string &bytes) {
  return std::make_shared<caffe2::serialize::MemoryReadAdapter>(bytes.data(), static_cast<off_t>(bytes.size()));
}

inline torch::jit::Module load_module(const std::string &bytes, c10::Device device, int threads) {
  need_headroom(room_to_load + 16 * bytes.size());
  try {
    const Call call(threads);
    torch::jit::Module module = torch::jit::load(adapter(bytes), device);
    module.eval();
    return module;
  } catch (const c10::Error &error) {
    throw Failure(CALCISOL_ERROR_BUNDLE,
                  "torch cannot load the module in the bundle: " + last_line(error.what_without_backtrace()));
  }
}

// Run one method inside a Call.
inline c10::IValue run_method(torch::jit::Module &module, const char *method, std::vector<c10::IValue> arguments) {
  const auto failed = [&](const std::string &text) {
    // torch has no exception type for host memory, and its interpreter turns all into text
    if (text.find("DefaultCPUAllocator") != std::string::npos || text.find("out of memory") != std::string::npos)
      throw std::bad_alloc();
    return Failure(CALCISOL_ERROR_MODEL,
                   std::string("the module in the bundle failed in ") + method + ": " + last_line(text));
  };
  std::size_t data = 0;
  for (const c10::IValue &argument : arguments)
    data += argument.isTensor() ? argument.toTensor().nbytes() : 0;
  need_headroom(room_to_run + 8 * data);
  try {
    return module.get_method(method)(std::move(arguments));
  } catch (const std::bad_alloc &) {
    throw;
  } catch (const c10::Error &error) {
    throw failed(error.what_without_backtrace());
  } catch (const std::exception &error) {
    throw failed(error.what());
  }
}

} // namespace calcisol

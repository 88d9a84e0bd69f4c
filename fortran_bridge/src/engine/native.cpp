#include "engine/native.hpp"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <vector>

#include "base/status.hpp"

namespace calcisol {

namespace {

struct alignas(64) Line { // scratch of a kernel starts on a line of the cache
  unsigned char bytes[64];
};

class NativeModule : public Module {
public:
  explicit NativeModule(const calcisol_kernel &kernel)
      : kernel(kernel), doubles(static_cast<std::size_t>(kernel.doubles)),
        floats(static_cast<std::size_t>(kernel.floats)) {
    for (const auto &program : {kernel.prepare, kernel.initial_state, kernel.step, kernel.laboratory_ph})
      scratch_bytes = std::max(scratch_bytes, program.scratch_bytes);
  }

  bool read(const Bundle &bundle) {
    return read_tensors(bundle, kernel.tensors, kernel.n_tensors, doubles.data(), floats.data());
  }

  bool any_width() const override { return true; }

  void prepare(Shape shape, double *statics) override {
    calcisol_kernel_call call = of(shape);
    call.statics = call.result = statics;
    run(kernel.prepare, call);
  }

  void initial_state(Shape shape, const double *statics, const double *layer, const double *column,
                     double *state) override {
    calcisol_kernel_call call = of(shape);
    call.statics = statics, call.layer = layer, call.column = column, call.result = state;
    run(kernel.initial_state, call);
  }

  void step(Shape shape, const StepBlocks &b) override {
    calcisol_kernel_call call = of(shape);
    call.statics = b.statics, call.layer = b.layer, call.column = b.column, call.dt = b.dt;
    call.state = b.before, call.result = b.state;
    call.output_layer = b.output_layer, call.output_column = b.output_column, call.flag = b.flag;
    run(kernel.step, call);
  }

  void laboratory_ph(Shape shape, const double *statics, const double *state, double *ph) override {
    calcisol_kernel_call call = of(shape);
    call.statics = statics, call.state = state, call.result = ph;
    run(kernel.laboratory_ph, call);
  }

private:
  const calcisol_kernel &kernel;
  std::vector<double> doubles;
  std::vector<float> floats;
  std::int64_t scratch_bytes = 0; // of the program that wants most
  std::mutex mutex;
  std::vector<std::vector<Line>> idle; // scratch of calls that are over; as many as ever ran at once

  calcisol_kernel_call of(Shape shape) const {
    calcisol_kernel_call call{};
    call.layers = shape.layers, call.columns = shape.columns;
    call.doubles = doubles.data(), call.floats = floats.data();
    return call;
  }
  void run(const calcisol_kernel_program &program, calcisol_kernel_call &call) {
    std::vector<Line> scratch = take();
    call.scratch = scratch.data();
    program.run(&call);
    give_back(std::move(scratch));
  }

  std::vector<Line> take() {
    const std::lock_guard lock(mutex);
    if (idle.empty())
      return std::vector<Line>(static_cast<std::size_t>(scratch_bytes) / sizeof(Line) + 1);
    std::vector<Line> scratch = std::move(idle.back());
    idle.pop_back();
    return scratch;
  }
  void give_back(std::vector<Line> scratch) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(scratch));
  }
};

// A kernel of this structure may still lack a program: that of a network alone does.
bool is_whole(const calcisol_kernel &kernel) {
  return kernel.prepare.run && kernel.initial_state.run && kernel.step.run && kernel.laboratory_ph.run;
}

} // namespace

std::string native_info() {
  const auto told = [](const char *what, const auto *kernel) {
    return kernel ? std::string(", ") + what + " " + short_name(kernel->fingerprint) + " (" + kernel->target + ")"
                  : std::string(", no ") + what;
  };
  return told("native kernel", native_kernel()) + told("device code", device_kernel());
}

bool read_tensors(const Bundle &bundle, const calcisol_kernel_tensor *tensors, int count, double *doubles,
                  float *floats) {
  return std::all_of(tensors, tensors + count, [&](const calcisol_kernel_tensor &t) {
    if (t.expected) {
      std::vector<double> found(static_cast<std::size_t>(t.count));
      return bundle.tensor(t.name, t.is_float32 != 0, t.count, found.data()) &&
             std::equal(found.begin(), found.end(), t.expected);
    }
    void *to = t.is_float32 ? static_cast<void *>(floats + t.offset) : doubles + t.offset;
    return bundle.tensor(t.name, t.is_float32 != 0, t.count, to);
  });
}

std::unique_ptr<Module> native_module(const Bundle &bundle, const calcisol_kernel &kernel) {
  auto native = std::make_unique<NativeModule>(kernel);
  if (!is_whole(kernel) || !native->read(bundle))
    throw Failure(CALCISOL_ERROR_BUNDLE, "the tensors of the bundle do not fit the step graph its contract names; "
                                         "export it again with `calcisol export`");
  return native;
}

} // namespace calcisol

#include "native.hpp"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <vector>

#include "status.hpp"
#include "table.hpp"

namespace calcisol {

namespace {

struct alignas(64) Line { // scratch of a kernel starts on a line of the cache
  unsigned char bytes[64];
};

class NativeModule : public Module {
public:
  NativeModule(std::unique_ptr<Module> module, const calcisol_kernel &kernel, int width)
      : module(std::move(module)), kernel(kernel), width(width), doubles(kernel.doubles), floats(kernel.floats) {}

  // Copy the weights; false when a tensor is missing, has another size or not the values the kernel was written for.
  bool read_tensors() {
    return std::all_of(kernel.tensors, kernel.tensors + kernel.n_tensors, [&](const calcisol_kernel_tensor &t) {
      if (t.expected) {
        std::vector<double> found(static_cast<std::size_t>(t.count));
        return module->tensor(t.name, t.is_float32 != 0, t.count, found.data()) &&
               std::equal(found.begin(), found.end(), t.expected);
      }
      void *to = t.is_float32 ? static_cast<void *>(floats.data() + t.offset) : doubles.data() + t.offset;
      return module->tensor(t.name, t.is_float32 != 0, t.count, to);
    });
  }

  bool any_width() const override { return true; }

  void step(Shape shape, const double *statics, const double *layer, const double *column, double dt, double *state,
            double *output_layer, double *output_column, std::int32_t *flag) override {
    std::vector<Line> scratch = take();
    const calcisol_kernel_call call{
        shape.layers, shape.columns, statics, layer,          column,        state,         dt,
        output_layer, output_column, flag,    doubles.data(), floats.data(), scratch.data()};
    kernel.step(&call);
    give_back(std::move(scratch));
  }

  // The module is always given `width` columns: its bits may depend on that number.
  void prepare(Shape shape, double *statics) override {
    std::vector<double> wide = widened(shape, statics, CALCISOL_N_STATIC * shape.layers);
    module->prepare({shape.layers, width}, wide.data());
    narrow(shape, wide, statics, CALCISOL_N_STATIC * shape.layers);
  }

  void initial_state(Shape shape, const double *statics, const double *layer, const double *column,
                     double *state) override {
    const Rows forcing = rows(CALCISOL_ROLE_FORCING);
    std::vector<double> made(static_cast<std::size_t>(CALCISOL_N_STATE) * shape.layers * width);
    module->initial_state({shape.layers, width}, widened(shape, statics, CALCISOL_N_STATIC * shape.layers).data(),
                          widened(shape, layer, forcing.layered() * shape.layers).data(),
                          widened(shape, column, forcing.column()).data(), made.data());
    narrow(shape, made, state, CALCISOL_N_STATE * shape.layers);
  }

  void laboratory_ph(Shape shape, const double *statics, const double *state, double *ph) override {
    std::vector<double> made(static_cast<std::size_t>(CALCISOL_N_LAB) * shape.layers * width);
    module->laboratory_ph({shape.layers, width}, widened(shape, statics, CALCISOL_N_STATIC * shape.layers).data(),
                          widened(shape, state, CALCISOL_N_STATE * shape.layers).data(), made.data());
    narrow(shape, made, ph, CALCISOL_N_LAB * shape.layers);
  }

private:
  std::unique_ptr<Module> module;
  const calcisol_kernel &kernel;
  const int width;
  std::vector<double> doubles;
  std::vector<float> floats;
  std::mutex mutex;
  std::vector<std::vector<Line>> idle; // scratch of calls that are over; as many as ever ran at once

  std::vector<Line> take() {
    const std::lock_guard lock(mutex);
    if (idle.empty())
      return std::vector<Line>(static_cast<std::size_t>(kernel.scratch_bytes) / sizeof(Line) + 1);
    std::vector<Line> scratch = std::move(idle.back());
    idle.pop_back();
    return scratch;
  }
  void give_back(std::vector<Line> scratch) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(scratch));
  }

  std::vector<double> widened(Shape shape, const double *block, int count) const {
    std::vector<double> wide(static_cast<std::size_t>(count) * width);
    for (int r = 0; r < count; ++r) {
      const double *from = block + static_cast<std::ptrdiff_t>(r) * shape.columns;
      double *to = wide.data() + static_cast<std::ptrdiff_t>(r) * width;
      std::fill(std::copy_n(from, shape.columns, to), to + width, from[0]);
    }
    return wide;
  }
  void narrow(Shape shape, const std::vector<double> &wide, double *block, int count) const {
    for (int r = 0; r < count; ++r)
      std::copy_n(wide.data() + static_cast<std::ptrdiff_t>(r) * width, shape.columns,
                  block + static_cast<std::ptrdiff_t>(r) * shape.columns);
  }
};

} // namespace

std::string native_info() {
  const calcisol_kernel *kernel = native_kernel();
  return kernel ? std::string(", native kernel ") + short_name(kernel->fingerprint) + " (" + kernel->target + ")"
                : ", no native kernel";
}

std::unique_ptr<Module> native_module(std::unique_ptr<Module> module, const calcisol_kernel &kernel, int width) {
  auto native = std::make_unique<NativeModule>(std::move(module), kernel, width);
  if (!native->read_tensors())
    throw Failure(CALCISOL_ERROR_BUNDLE, "the tensors of the bundle do not fit the step graph its contract names; "
                                         "export it again with `calcisol export`");
  return native;
}

} // namespace calcisol

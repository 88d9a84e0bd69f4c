// What the library asks of an engine: backend_torch.cpp and device_torch.cpp answer with TorchScript, through
// backend_lazy.cpp, which loads them; backend_stub.cpp without torch.
//
// Blocks are float64 and contiguous, [variable][layer][column] in the row order of variables.toml, with a fixed number
// of columns. Errors are thrown as Failure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "calcisol.h"
#include "columns/columns_base.hpp"

namespace calcisol {

struct Shape {
  int layers, columns;
};

class Module {
public:
  virtual ~Module() = default;
  // NaN entries of the static block ("derived") completed in place.
  virtual void prepare(Shape shape, double *statics) = 0;
  virtual void initial_state(Shape shape, const double *statics, const double *layer, const double *column,
                             double *state) = 0;
  // One step; state is replaced, the outputs [NOL][L][C], [NOC][C] and flag [L][C] are filled.
  virtual void step(Shape shape, const double *statics, const double *layer, const double *column, double dt,
                    double *state, double *output_layer, double *output_column, std::int32_t *flag) = 0;
  virtual void laboratory_ph(Shape shape, const double *statics, const double *state, double *ph) = 0;
  // Bits of a column do not depend on how many columns a block has: blocks may be as narrow as the columns there are.
  virtual bool any_width() const { return false; }
};

struct DeviceModule; // a module on a device; only device_columns.hpp looks inside

struct Engine {
  static bool needs_bundle(); // false: the stub
  static std::string info();  // e.g. "torch 2.13.0 (built with 2.13)"; loads nothing
  // Failure(CALCISOL_ERROR_TORCH) when torch is missing or does not fit, here and on a device.
  static std::unique_ptr<Module> load(const std::string &bytes, int threads);
  // The same on options.device, whose name comes back in `place`. Failure where there is none: no fall-back.
  static std::shared_ptr<DeviceModule> load_on_device(const std::string &bytes, const calcisol_options &options,
                                                      std::string &place);
  static std::unique_ptr<calcisol_columns> device_columns(std::shared_ptr<DeviceModule> module, std::int64_t ncol,
                                                          int nlay);
};

} // namespace calcisol

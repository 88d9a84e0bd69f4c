// What columns ask of an engine: the four methods of a step on blocks of one tile.
//
// Blocks are float64 and contiguous, [variable][layer][column] in the row order of variables.toml, with a fixed number
// of columns. Errors are thrown as Failure.
#pragma once

#include <cstdint>

namespace calcisol {

struct Shape {
  int layers, columns;
};

// What one step reads and writes.
struct StepBlocks {
  const double *statics, *layer, *column; // soil, forcing with layers, forcing without
  double dt;                              // s
  const double *before;                   // state at the start; may be the block `state`
  double *state;                          // at the end
  double *output_layer, *output_column;   // [layered outputs][L][C], [other outputs][C]
  std::int32_t *flag;                     // [L][C]
};

class Module {
public:
  virtual ~Module() = default;
  // NaN entries of the static block ("derived") completed in place.
  virtual void prepare(Shape shape, double *statics) = 0;
  virtual void initial_state(Shape shape, const double *statics, const double *layer, const double *column,
                             double *state) = 0;
  virtual void step(Shape shape, const StepBlocks &blocks) = 0;
  virtual void laboratory_ph(Shape shape, const double *statics, const double *state, double *ph) = 0;
  // Bits of a column do not depend on how many columns a block has: blocks may be as narrow as the columns there are.
  virtual bool any_width() const { return false; }
};

} // namespace calcisol

#include "engine/subcycle.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/variable_table.hpp"

namespace calcisol {

namespace {

constexpr double round_off = 1.0e-9; // a step of exactly n times the longest is n parts

// Row of a forcing variable among those with layers.
int layered_row(int variable) {
  const Rows forcing = rows(CALCISOL_ROLE_FORCING);
  return static_cast<int>(
      std::count_if(forcing.begin(), forcing.begin() + variable, [](const Variable &v) { return v.layered; }));
}

// Row of a column output among those without layers.
int column_row(int variable) {
  const Rows output = rows(CALCISOL_ROLE_OUTPUT);
  return static_cast<int>(
      std::count_if(output.begin(), output.begin() + variable, [](const Variable &v) { return !v.layered; }));
}

class Subcycled : public Module {
public:
  Subcycled(std::shared_ptr<Module> module, double longest) : module(std::move(module)), longest(longest) {}

  void prepare(Shape shape, double *statics) override { module->prepare(shape, statics); }
  void initial_state(Shape shape, const double *statics, const double *layer, const double *column,
                     double *state) override {
    module->initial_state(shape, statics, layer, column, state);
  }
  void laboratory_ph(Shape shape, const double *statics, const double *state, double *ph) override {
    module->laboratory_ph(shape, statics, state, ph);
  }

  bool any_width() const override { return module->any_width(); }

  void step(Shape shape, const StepBlocks &whole) override {
    const int parts = parts_of(whole.dt, longest);
    if (parts == 1)
      return module->step(shape, whole);
    const std::size_t cells = static_cast<std::size_t>(shape.layers) * shape.columns;
    std::vector<double> now(whole.layer, whole.layer + cells * layered), before(cells),
        mean(columned * shape.columns, 0.0);
    std::vector<std::int32_t> seen(cells, 0);
    const double *liquid = whole.layer + cells * liquid_row, *ice = whole.layer + cells * ice_row;
    const double *water = whole.before + cells * CALCISOL_STATE_WATER;
    StepBlocks piece = whole;
    piece.layer = now.data(), piece.dt = whole.dt / parts;
    for (std::size_t i = 0; i < cells; ++i) // the ice there is now was there before
      before[i] = std::max(water[i] - ice[i], 0.0);
    for (int part = 1; part <= parts; ++part) {
      const double share = static_cast<double>(part) / parts;
      for (std::size_t i = 0; i < cells; ++i)
        now[cells * liquid_row + i] = before[i] + (liquid[i] - before[i]) * share;
      module->step(shape, piece);
      piece.before = piece.state;
      for (std::size_t i = 0; i < mean.size(); ++i)
        mean[i] += whole.output_column[i] / parts;
      for (std::size_t i = 0; i < cells; ++i)
        seen[i] |= whole.flag[i];
    }
    for (int c = 0; c < shape.columns; ++c) // a state, not a rate
      mean[ph_top * shape.columns + c] = whole.output_column[ph_top * shape.columns + c];
    std::copy(mean.begin(), mean.end(), whole.output_column);
    std::copy(seen.begin(), seen.end(), whole.flag);
  }

private:
  std::shared_ptr<Module> module;
  const double longest;
  const std::size_t layered = static_cast<std::size_t>(rows(CALCISOL_ROLE_FORCING).layered());
  const std::size_t columned = static_cast<std::size_t>(rows(CALCISOL_ROLE_OUTPUT).column());
  const std::size_t liquid_row = static_cast<std::size_t>(layered_row(CALCISOL_W_LIQ));
  const std::size_t ice_row = static_cast<std::size_t>(layered_row(CALCISOL_W_ICE));
  const std::size_t ph_top = static_cast<std::size_t>(column_row(CALCISOL_OUT_PH_TOP));
};

} // namespace

int parts_of(double dt, double longest) {
  return longest > 0.0 ? std::max(1, static_cast<int>(std::ceil(dt / longest - round_off))) : 1;
}

std::shared_ptr<Module> cut_long_steps(std::shared_ptr<Module> module, double longest) {
  if (!(longest > 0.0))
    return module;
  return std::make_shared<Subcycled>(std::move(module), longest);
}

} // namespace calcisol

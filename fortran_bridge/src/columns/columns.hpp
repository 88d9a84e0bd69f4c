// Columns on the host: static soil and float64 state in tiles, and the step over them.
//
// Tiles hold a fixed number of columns, so the module always sees the same shapes and a column's bits cannot depend on
// how many others there are. Lanes that must not be computed (padding, inactive, invalid) hold a copy of a good lane:
// the module never sees a missing value, and what it answers there is dropped.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "columns/columns_base.hpp"
#include "columns/screening.hpp"
#include "columns/views.hpp"
#include "engine/module.hpp"

namespace calcisol {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

class HostColumns final : public calcisol_columns {
public:
  HostColumns(std::shared_ptr<Module> module, int tile_columns, std::int64_t ncol, int nlay);

  void set_properties(const calcisol_view *properties, std::int32_t count, calcisol_report &report,
                      Finding &finding) override;
  void step(double dt, const StepViews &views, bool counted, calcisol_report &report, Finding &finding) override;
  void laboratory_ph(const calcisol_target *ph, std::int32_t count) override;
  void state_get(std::int32_t slot, const calcisol_target &values) const override;
  void state_set(std::int32_t slot, const calcisol_view &values) override;
  void soil_get(std::int32_t property, double *values) const override;
  void keep_state(const std::vector<std::int64_t> &columns) override;
  void give_back(const std::vector<std::int64_t> &columns) override;
  void warmup() override;
  void set_stream(void *stream) override;
  void synchronize() override {}

private:
  enum Lane : std::uint8_t { skipped, good, refused }; // inactive or padding; stepped; invalid

  Range range(std::int64_t tile) const;
  std::int64_t tiles() const { return (ncol + shape.columns - 1) / shape.columns; }
  std::size_t cells() const { return static_cast<std::size_t>(shape.layers) * shape.columns; }
  double *state_of(std::int64_t column) { // its first value; the next is shape.columns on
    return state.data() + (column / shape.columns) * CALCISOL_N_STATE * cells() + column % shape.columns;
  }
  void check_state(const calcisol_view &active) const;
  void step_tile(std::int64_t tile, double dt, const StepViews &views, calcisol_report &report, Finding &finding);
  // Few of many columns, in an object of their own: columns_active.cpp
  bool list_active(const calcisol_view &active);
  void step_listed(double dt, const StepViews &views, calcisol_report &report, Finding &finding);
  void take_soil(const HostColumns &whole);
  void copy_state(HostColumns &whole, bool back);
  void blank_lanes(std::int64_t tile);
  void read_forcing(const Range &range, const calcisol_view *forcing, Finding &finding);
  void run_module(std::int64_t tile, double dt, int model_lane, const double *before, double *stepped);
  bool all_good(const Range &where) const;
  void refuse_nan(const Range &range, const double *stepped, Finding &finding);
  void tell_why(const Range &range, int lane, const double *stepped, Finding &finding) const;
  void write_outputs(const Range &range, const StepViews &views);
  void count(const Range &range, calcisol_report &report) const;
  void fill_lanes(double *block, int rows, int from) const;

  std::shared_ptr<Module> module;
  const int tile_columns; // most in a tile
  const Shape shape;
  // per tile, one after the other
  std::vector<double> statics, state, next_state;
  std::vector<std::int32_t> soil_flag; // what was clipped when the columns were made is said in every step
  // per column
  std::vector<std::uint8_t> static_bad;
  std::vector<std::uint32_t> slots_set, next_slots; // bit per state slot; all bits = the column has a state
  // scratch of one tile
  std::vector<double> tile_statics, layer, column, tile_state, first_state, output_layer, output_column;
  std::vector<std::int32_t> flag, module_flag;
  std::vector<std::uint8_t> lane, skip, invalid, write; // skip: inactive; write: what the host's arrays get
  std::vector<double> active;
  std::vector<std::uint8_t> everywhere; // all 1
  // a step of few
  std::vector<std::int64_t> listed, numbers; // active columns; what the columns of `few` are called in the whole
  std::unique_ptr<HostColumns> few;          // the last ones
};

} // namespace calcisol

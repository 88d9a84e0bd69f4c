#include "columns/columns.hpp"

#include <algorithm>
#include <cmath>

#include "base/pairs.hpp"
#include "base/status.hpp"
#include "base/variable_table.hpp"

namespace calcisol {

namespace {

// Columns of a tile: the fixed number, or what shares the columns out evenly where the module takes any.
int tile_width(const Module &module, int tile_columns, std::int64_t ncol) {
  if (!module.any_width() || ncol == 0)
    return tile_columns;
  const std::int64_t tiles = (ncol + tile_columns - 1) / tile_columns;
  return static_cast<int>((ncol + tiles - 1) / tiles);
}

} // namespace

HostColumns::HostColumns(std::shared_ptr<Module> module, int tile_columns, std::int64_t ncol, int nlay)
    : calcisol_columns(ncol, nlay), module(std::move(module)), tile_columns(tile_columns),
      shape{nlay, tile_width(*this->module, tile_columns, ncol)} {
  const std::size_t all = static_cast<std::size_t>(tiles()) * cells();
  statics.assign(all * CALCISOL_N_STATIC, 0.0);
  state.assign(all * CALCISOL_N_STATE, 0.0);
  next_state = state;
  soil_flag.assign(all, 0);
  static_bad.assign(static_cast<std::size_t>(ncol), 0);
  slots_set.assign(static_cast<std::size_t>(ncol), 0);
  next_slots = slots_set;
  tile_statics.resize(cells() * CALCISOL_N_STATIC);
  tile_state.resize(cells() * CALCISOL_N_STATE);
  first_state = tile_state;
  const Rows forcing = rows(CALCISOL_ROLE_FORCING), output = rows(CALCISOL_ROLE_OUTPUT);
  layer.resize(cells() * forcing.layered());
  column.resize(static_cast<std::size_t>(shape.columns) * forcing.column());
  output_layer.resize(cells() * std::max<int>(output.layered(), CALCISOL_N_LAB));
  output_column.resize(static_cast<std::size_t>(shape.columns) * output.column());
  flag.resize(cells());
  module_flag.resize(cells());
  lane.resize(shape.columns);
  skip = invalid = write = lane;
  active.resize(shape.columns);
  everywhere.assign(shape.columns, 1);
}

Range HostColumns::range(std::int64_t tile) const {
  const std::int64_t first = tile * shape.columns;
  return {first, static_cast<int>(std::min<std::int64_t>(shape.columns, ncol - first)), shape.columns, shape.layers,
          numbers.empty() ? nullptr : numbers.data() + first};
}

// A new tile: nothing found in it yet but the flags of its soil.
void HostColumns::blank_lanes(std::int64_t tile) {
  std::fill(skip.begin(), skip.end(), 0);
  std::fill(invalid.begin(), invalid.end(), 0);
  std::copy_n(soil_flag.begin() + tile * cells(), cells(), flag.begin());
}

// Every lane that is not good becomes a copy of lane `from`, in `rows` rows of the block.
void HostColumns::fill_lanes(double *block, int rows, int from) const {
  if (std::find_if(lane.begin(), lane.end(), [](auto l) { return l != good; }) == lane.end())
    return; // the usual case
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < shape.columns; ++c)
      if (lane[c] != good)
        block[r * shape.columns + c] = block[r * shape.columns + from];
}

void HostColumns::set_properties(const calcisol_view *properties, std::int32_t given, calcisol_report &report,
                                 Finding &finding) {
  const Rows table = rows(CALCISOL_ROLE_STATIC);
  check_inputs(properties, given, table, "soil properties", ncol);
  for (std::int64_t tile = 0; tile < tiles(); ++tile) {
    const Range where = range(tile);
    double *block = statics.data() + tile * cells() * CALCISOL_N_STATIC;
    blank_lanes(tile);
    for (int i = 0; i < table.count; ++i) {
      gather(properties[i], where, true, table[i].fill, block + i * cells());
      if (properties[i].data)
        screen(table[i], where, skip.data(), block + i * cells(), invalid.data(), flag.data(), finding);
    }
    for (int c = 0; c < shape.columns; ++c)
      lane[c] = c >= where.count ? skipped : invalid[c] ? refused : good;
    const auto from = std::find(lane.begin(), lane.end(), good);
    if (from != lane.end()) {
      fill_lanes(block, table.count * shape.layers, static_cast<int>(from - lane.begin()));
      module->prepare(shape, block);
      for (std::size_t i = 0; i < cells() * CALCISOL_N_STATIC; ++i) {
        const Variable &variable = table[static_cast<int>(i / cells())];
        const bool derived = std::isnan(variable.fill) && !variable.required; // may stay NaN until initial_state
        const int c = static_cast<int>(i % shape.columns);
        if (lane[c] != good || std::isfinite(block[i]) || (derived && std::isnan(block[i])))
          continue;
        finding.no_soil(where.first + c);
        lane[c] = refused;
      }
    }
    std::copy(flag.begin(), flag.end(), soil_flag.begin() + tile * cells());
    for (int c = 0; c < where.count; ++c)
      static_bad[where.first + c] = lane[c] == refused;
    count(where, report);
  }
}

void HostColumns::step(double dt, const StepViews &views, bool, calcisol_report &report, Finding &finding) {
  check_dt(dt);
  check_inputs(views.forcing, views.n_forcing, rows(CALCISOL_ROLE_FORCING), "forcing", ncol);
  check_targets(views.output, views.n_output, rows(CALCISOL_ROLE_OUTPUT), "output", ncol, nlay);
  check_target(views.flag, "flag", true, true, ncol, nlay);
  check_state(views.forcing[CALCISOL_ACTIVE]);
  if (list_active(views.forcing[CALCISOL_ACTIVE]))
    return step_listed(dt, views, report, finding);
  next_slots = slots_set;
  for (std::int64_t tile = 0; tile < tiles(); ++tile)
    step_tile(tile, dt, views, report, finding);
  state.swap(next_state); // only now: a step that failed half way has changed nothing
  slots_set.swap(next_slots);
}

void HostColumns::step_tile(std::int64_t tile, double dt, const StepViews &views, calcisol_report &report,
                            Finding &finding) {
  const Range where = range(tile);
  const std::size_t size = tile_state.size();
  const double *last = state.data() + tile * size;
  double *next = next_state.data() + tile * size;
  read_forcing(where, views.forcing, finding);
  const auto from = std::find(lane.begin(), lane.end(), good);
  if (from != lane.end()) {
    const bool in_place = !all_good(where); // lanes are filled, or begin, where the step writes
    if (in_place)
      std::copy_n(last, size, next);
    run_module(tile, dt, static_cast<int>(from - lane.begin()), in_place ? next : last, next);
    refuse_nan(where, next, finding);
    for (int c = 0; c < shape.columns; ++c)
      if (lane[c] != good) {
        for (std::size_t at = c; at < size; at += shape.columns)
          next[at] = last[at];
      } else
        next_slots[where.first + c] = all_slots;
  } else {
    std::copy_n(last, size, next);
  }
  write_outputs(where, views);
  count(where, report);
}

// Gather and screen all forcing of a tile; decide which lanes are good.
void HostColumns::read_forcing(const Range &where, const calcisol_view *forcing, Finding &finding) {
  const Rows table = rows(CALCISOL_ROLE_FORCING);
  blank_lanes(where.first / shape.columns);
  if (forcing[CALCISOL_ACTIVE].data) {
    gather(forcing[CALCISOL_ACTIVE], where, false, 1.0, active.data());
    for (int c = 0; c < where.count; ++c)
      skip[c] = active[c] < 0.5 && !is_bad(active[c]);
  }
  std::size_t layer_row = 0, column_row = 0;
  for (int i = 0; i < table.count; ++i) {
    double *block =
        table[i].layered ? layer.data() + layer_row++ * cells() : column.data() + column_row++ * shape.columns;
    gather(forcing[i], where, table[i].layered, table[i].fill, block);
    if (forcing[i].data)
      screen(table[i], where, skip.data(), block, invalid.data(), flag.data(), finding);
  }
  for (int c = 0; c < shape.columns; ++c)
    lane[c] = c >= where.count || skip[c] ? skipped : invalid[c] || static_bad[where.first + c] ? refused : good;
  for (int c = 0; c < where.count; ++c)
    if (lane[c] == refused && static_bad[where.first + c])
      finding.soil(where.column(c));
}

// Step all lanes of the tile from `before`, which may be `stepped`; a lane that is not good is a copy of lane `from`.
void HostColumns::run_module(std::int64_t tile, double dt, int from, const double *before, double *stepped) {
  const Range where = range(tile);
  const double *soil = statics.data() + tile * tile_statics.size();
  if (std::any_of(lane.begin(), lane.end(), [](auto l) { return l != good; })) {
    std::copy_n(soil, tile_statics.size(), tile_statics.data());
    fill_lanes(tile_statics.data(), CALCISOL_N_STATIC * shape.layers, from);
    soil = tile_statics.data();
  }
  if (before == stepped)
    fill_lanes(stepped, CALCISOL_N_STATE * shape.layers, from);
  const Rows table = rows(CALCISOL_ROLE_FORCING);
  fill_lanes(layer.data(), table.layered() * shape.layers, from);
  fill_lanes(column.data(), table.column(), from);

  const auto without_state = [&](int c) { return lane[c] == good && slots_set[where.first + c] == 0; };
  bool any_new = false;
  for (int c = 0; c < where.count; ++c)
    any_new = any_new || without_state(c);
  if (any_new) {
    module->initial_state(shape, soil, layer.data(), column.data(), first_state.data());
    for (std::size_t i = 0; i < first_state.size(); ++i)
      if (without_state(static_cast<int>(i % shape.columns)))
        stepped[i] = first_state[i];
    fill_lanes(stepped, CALCISOL_N_STATE * shape.layers, from);
  }
  module->step(shape, {soil, layer.data(), column.data(), dt, before, stepped, output_layer.data(),
                       output_column.data(), module_flag.data()});
  for (int l = 0; l < nlay; ++l) // what it says of a copy of a good lane is nothing about the column
    for (int c = 0; c < shape.columns; ++c)
      flag[static_cast<std::size_t>(l) * shape.columns + c] |=
          lane[c] == good ? module_flag[static_cast<std::size_t>(l) * shape.columns + c] : 0;
}

// Why a lane has no answer: weeks that no soil sees can make a brine of its pore water, which cannot be solved.
void HostColumns::tell_why(const Range &where, int c, const double *stepped, Finding &finding) const {
  const std::size_t tile = static_cast<std::size_t>(where.first / shape.columns);
  const std::size_t first = CALCISOL_STATE_IONIC_STRENGTH * cells() + c;
  double most = 0.0;
  int layer = 0;
  for (const double *block : {state.data() + tile * tile_state.size(), stepped})
    for (int l = 0; l < nlay; ++l)
      if (const double strength = block[first + static_cast<std::size_t>(l) * shape.columns];
          std::isfinite(strength) && strength > most)
        most = strength, layer = l;
  finding.no_answer(where.column(c), most, layer);
}

// A lane for which the module answered NaN, infinity or too strong a brine is taken as invalid: its state stays.
void HostColumns::refuse_nan(const Range &where, const double *stepped, Finding &finding) {
  const auto refuse = [&](std::size_t c) {
    if (lane[c] != good)
      return;
    lane[c] = refused;
    tell_why(where, static_cast<int>(c), stepped, finding);
  };
  const auto look = [&](const double *block, std::size_t size) {
    if (all_pairs(block, size, [](Pair x) { return x - x == 0.0; })) // the usual case, several values at a time
      return;
    for (std::size_t i = 0; i < size; ++i)
      if (!std::isfinite(block[i])) // a remainder costs more than the whole look
        refuse(i % shape.columns);
  };
  look(stepped, cells() * CALCISOL_N_STATE);
  look(output_layer.data(), cells() * rows(CALCISOL_ROLE_OUTPUT).layered());
  look(output_column.data(), output_column.size());
  const double *strength = stepped + CALCISOL_STATE_IONIC_STRENGTH * cells();
  for (std::size_t i = 0; i < cells(); ++i)
    if (strength[i] > constants::strongest_brine)
      refuse(i % shape.columns);
}

void HostColumns::write_outputs(const Range &where, const StepViews &views) {
  const Rows table = rows(CALCISOL_ROLE_OUTPUT);
  for (int c = 0; c < shape.columns; ++c)
    write[c] = lane[c] != skipped;
  const auto blank = [&](double *block, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
      if (lane[i % shape.columns] == refused)
        block[i] = not_a_number;
  };
  if (std::find(lane.begin(), lane.end(), refused) != lane.end()) {
    blank(output_layer.data(), output_layer.size());
    blank(output_column.data(), output_column.size());
    for (std::size_t i = 0; i < cells(); ++i)
      if (lane[i % shape.columns] == refused)
        flag[i] = (flag[i] & CALCISOL_FLAG_CLIPPED) | CALCISOL_FLAG_INVALID;
  }
  std::size_t layer_row = 0, column_row = 0;
  for (int i = 0; views.output && i < table.count; ++i) {
    const double *block = table[i].layered ? output_layer.data() + layer_row++ * cells()
                                           : output_column.data() + column_row++ * shape.columns;
    scatter(block, where, table[i].layered, write.data(), views.output[i]);
  }
  scatter(flag.data(), where, write.data(), views.flag);
}

void HostColumns::count(const Range &where, calcisol_report &report) const {
  std::int32_t flags = 0;
  for (const std::int32_t bits : flag)
    flags |= bits;
  for (int c = 0; c < where.count; ++c) {
    if (lane[c] == skipped)
      ++report.columns_inactive;
    if (lane[c] == refused)
      ++report.columns_invalid;
    if (lane[c] != good)
      continue;
    ++report.columns_stepped;
    for (int l = 0; flags && l < nlay; ++l) {
      const std::int32_t bits = flag[static_cast<std::size_t>(l) * shape.columns + c];
      report.cells_clipped += (bits & CALCISOL_FLAG_CLIPPED) != 0;
      report.cells_outside_envelope += (bits & CALCISOL_FLAG_OUTSIDE_ENVELOPE) != 0;
      report.cells_fallback += (bits & CALCISOL_FLAG_FALLBACK) != 0;
      report.cells_residual += (bits & CALCISOL_FLAG_RESIDUAL) != 0;
    }
  }
}

} // namespace calcisol

// The state of columns on the host, as it is: given, taken, asked for its laboratory pH. The step is in columns.cpp.
#include "columns/columns.hpp"

#include <algorithm>

#include "base/status.hpp"
#include "base/variable_table.hpp"

namespace calcisol {

// A column with some slots set and others not has no meaning; say so before anything is stepped.
void HostColumns::check_state(const calcisol_view &active) const {
  for (std::int64_t c = 0; c < ncol; ++c) {
    if (slots_set[c] == 0 || slots_set[c] == all_slots)
      continue;
    if (active.data) {
      double value = 1.0;
      gather(active, {c, 1, 1, 1}, false, 1.0, &value);
      if (value < 0.5)
        continue;
    }
    refuse_part_of_state(slots_set[c], c);
  }
}

void HostColumns::laboratory_ph(const calcisol_target *ph, std::int32_t given) {
  const Rows table = rows(CALCISOL_ROLE_LAB);
  if (!ph)
    throw Failure(CALCISOL_ERROR_ARGUMENT, "the arrays for laboratory pH are NULL; pass an array of targets");
  check_targets(ph, given, table, "laboratory pH", ncol, nlay);
  for (std::int64_t tile = 0; tile < tiles(); ++tile) {
    const Range where = range(tile);
    for (int c = 0; c < shape.columns; ++c) {
      const bool here = c < where.count;
      lane[c] = here && slots_set[where.first + c] == all_slots && !static_bad[where.first + c] ? good : refused;
    }
    const auto from = std::find(lane.begin(), lane.end(), good);
    if (from != lane.end()) {
      const int source = static_cast<int>(from - lane.begin());
      std::copy_n(statics.data() + tile * tile_statics.size(), tile_statics.size(), tile_statics.data());
      std::copy_n(state.data() + tile * tile_state.size(), tile_state.size(), tile_state.data());
      fill_lanes(tile_statics.data(), CALCISOL_N_STATIC * shape.layers, source);
      fill_lanes(tile_state.data(), CALCISOL_N_STATE * shape.layers, source);
      module->laboratory_ph(shape, tile_statics.data(), tile_state.data(), output_layer.data());
    }
    for (std::size_t i = 0; i < cells() * CALCISOL_N_LAB; ++i)
      if (lane[i % shape.columns] != good)
        output_layer[i] = not_a_number;
    for (int i = 0; i < table.count; ++i)
      scatter(output_layer.data() + i * cells(), where, true, everywhere.data(), ph[i]);
  }
}

void HostColumns::state_get(std::int32_t slot, const calcisol_target &target) const {
  check_target(target, rows(CALCISOL_ROLE_STATE)[slot].name, false, true, ncol, nlay);
  for (std::int64_t tile = 0; tile < tiles(); ++tile) {
    const Range where = range(tile);
    const double *block = state.data() + (tile * CALCISOL_N_STATE + slot) * cells();
    scatter(block, where, true, everywhere.data(), target); // hosts ask every step, for their budgets: no copy
    for (std::int64_t c = where.first; c < where.first + where.count; ++c)
      for (int l = 0; l < nlay && !(slots_set[c] >> slot & 1u); ++l)
        static_cast<double *>(target.data)[c * target.column_stride + l * target.layer_stride] = no_state;
  }
}

void HostColumns::state_set(std::int32_t slot, const calcisol_view &values) {
  std::vector<double> block(cells());
  for (std::int64_t tile = 0; tile < tiles(); ++tile) {
    const Range where = range(tile);
    gather(values, where, true, no_state, block.data());
    double *slot_state = state.data() + (tile * CALCISOL_N_STATE + slot) * cells();
    for (int c = 0; c < where.count; ++c) {
      bool missing = false;
      for (int l = 0; l < nlay; ++l)
        missing = missing || is_bad(block[static_cast<std::size_t>(l) * shape.columns + c]);
      std::uint32_t &bits = slots_set[where.first + c];
      bits = missing ? bits & ~(1u << slot) : bits | 1u << slot;
      for (int l = 0; l < nlay && !missing; ++l)
        slot_state[static_cast<std::size_t>(l) * shape.columns + c] =
            block[static_cast<std::size_t>(l) * shape.columns + c];
    }
  }
}

void HostColumns::soil_get(std::int32_t property, double *values) const {
  for (std::int64_t tile = 0; tile < tiles(); ++tile) {
    const Range where = range(tile);
    const double *block = statics.data() + (tile * CALCISOL_N_STATIC + property) * cells();
    for (int l = 0; l < nlay; ++l)
      for (int c = 0; c < where.count; ++c)
        values[l * ncol + where.first + c] = static_bad[where.first + c] ? not_a_number : block[l * shape.columns + c];
  }
}

// Whether every lane of a tile is good and has a state: the usual case.
bool HostColumns::all_good(const Range &where) const {
  return std::all_of(lane.begin(), lane.end(), [](auto l) { return l == good; }) &&
         std::all_of(slots_set.begin() + where.first, slots_set.begin() + where.first + where.count,
                     [](auto slots) { return slots != 0; });
}

} // namespace calcisol

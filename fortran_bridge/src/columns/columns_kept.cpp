// The state of some columns kept aside while they are stepped in parts, any of which may have no answer
// (split_steps.cpp).
#include <algorithm>

#include "columns/columns.hpp"

using namespace calcisol;

// For any engine, by slots, all columns of them: [slot][layer][column].
void calcisol_columns::keep_state(const std::vector<std::int64_t> &columns) {
  kept_columns = columns;
  const std::size_t cells = static_cast<std::size_t>(nlay) * static_cast<std::size_t>(ncol);
  kept.resize(cells * CALCISOL_N_STATE);
  for (int slot = 0; slot < CALCISOL_N_STATE; ++slot)
    state_get(slot, calcisol_to_f64(kept.data() + slot * cells, 1, ncol));
}

void calcisol_columns::give_back(const std::vector<std::int64_t> &columns) {
  const std::size_t cells = static_cast<std::size_t>(nlay) * static_cast<std::size_t>(ncol);
  std::vector<double> now(cells);
  for (int slot = 0; slot < CALCISOL_N_STATE && !columns.empty(); ++slot) {
    state_get(slot, calcisol_to_f64(now.data(), 1, ncol));
    for (int l = 0; l < nlay; ++l)
      for (const std::int64_t c : columns)
        now[l * ncol + c] = kept[slot * cells + l * ncol + c];
    state_set(slot, calcisol_f64(now.data(), 1, ncol));
  }
}

namespace calcisol {

// On the host, of those columns alone: [column][slot][layer]. All have a state, and keep one.
void HostColumns::keep_state(const std::vector<std::int64_t> &columns) {
  const std::size_t rows = static_cast<std::size_t>(CALCISOL_N_STATE) * nlay;
  kept_columns = columns;
  kept.resize(columns.size() * rows);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const double *from = state_of(columns[i]);
    for (std::size_t row = 0; row < rows; ++row)
      kept[i * rows + row] = from[row * shape.columns];
  }
}

void HostColumns::give_back(const std::vector<std::int64_t> &columns) {
  const std::size_t rows = static_cast<std::size_t>(CALCISOL_N_STATE) * nlay;
  for (const std::int64_t column : columns) {
    const auto at = std::lower_bound(kept_columns.begin(), kept_columns.end(), column) - kept_columns.begin();
    double *to = state_of(column);
    for (std::size_t row = 0; row < rows; ++row)
      to[row * shape.columns] = kept[static_cast<std::size_t>(at) * rows + row];
  }
}

} // namespace calcisol

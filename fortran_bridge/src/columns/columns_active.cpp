// A step that takes few of many columns: they are stepped in an object of their own, so that its cost is theirs.
#include "columns/columns.hpp"

#include <algorithm>

#include "base/variable_table.hpp"

namespace calcisol {

// Lists the columns of a step. False where most are active: the tiles of all serve as well.
bool HostColumns::list_active(const calcisol_view &view) {
  if (!view.data)
    return false;
  listed.clear();
  for (std::int64_t tile = 0; tile < tiles(); ++tile) {
    const Range where = range(tile);
    gather(view, where, false, 1.0, active.data());
    for (int c = 0; c < where.count; ++c)
      if (!(active[c] < 0.5) || is_bad(active[c])) // a bad value has to be found
        listed.push_back(where.first + c);
  }
  return 2 * static_cast<std::int64_t>(listed.size()) <= ncol;
}

void HostColumns::step_listed(double dt, const StepViews &views, calcisol_report &report, Finding &finding) {
  report.columns_inactive += ncol - static_cast<std::int64_t>(listed.size());
  if (listed.empty())
    return;
  if (!few || few->numbers != listed) { // hosts step the same few many times in a row
    few = std::make_unique<HostColumns>(module, tile_columns, static_cast<std::int64_t>(listed.size()), nlay);
    few->numbers = listed;
    few->take_soil(*this);
  }
  few->copy_state(*this, false);
  few->next_slots = few->slots_set;
  for (std::int64_t tile = 0; tile < few->tiles(); ++tile)
    few->step_tile(tile, dt, views, report, finding);
  few->state.swap(few->next_state);
  few->slots_set.swap(few->next_slots);
  few->copy_state(*this, true); // only now: a step that failed half way has changed nothing
}

namespace {

// Rows of a column among tiles [tile][row][layer][column]: the first, and how far the next is.
struct Place {
  std::size_t first, stride;
  Place(std::int64_t column, const std::size_t cells, int width, int rows)
      : first(static_cast<std::size_t>(column / width) * rows * cells + static_cast<std::size_t>(column % width)),
        stride(static_cast<std::size_t>(width)) {}
};

} // namespace

// What does not change of the columns called `numbers`.
void HostColumns::take_soil(const HostColumns &whole) {
  for (std::int64_t c = 0; c < ncol; ++c) {
    const auto copy = [&](auto &to, const auto &from, int rows) {
      const Place there(numbers[c], whole.cells(), whole.shape.columns, rows), here(c, cells(), shape.columns, rows);
      for (std::size_t row = 0; row < static_cast<std::size_t>(rows * nlay); ++row)
        to[here.first + row * here.stride] = from[there.first + row * there.stride];
    };
    copy(statics, whole.statics, CALCISOL_N_STATIC);
    copy(soil_flag, whole.soil_flag, 1);
    static_bad[c] = whole.static_bad[numbers[c]];
  }
  for (std::int64_t tile = 0; tile < tiles(); ++tile) { // lanes without a column hold what can be computed
    const Range where = range(tile);
    double *block = statics.data() + static_cast<std::size_t>(tile) * CALCISOL_N_STATIC * cells();
    for (int c = where.count; c < shape.columns; ++c)
      for (std::size_t row = 0; row < static_cast<std::size_t>(CALCISOL_N_STATIC * nlay); ++row)
        block[row * shape.columns + c] = block[row * shape.columns];
  }
}

// Their state from the whole, or back to it.
void HostColumns::copy_state(HostColumns &whole, bool back) {
  for (std::int64_t c = 0; c < ncol; ++c) {
    const Place there(numbers[c], whole.cells(), whole.shape.columns, CALCISOL_N_STATE);
    const Place here(c, cells(), shape.columns, CALCISOL_N_STATE);
    for (std::size_t row = 0; row < static_cast<std::size_t>(CALCISOL_N_STATE * nlay); ++row) {
      double &mine = state[here.first + row * here.stride], &of_whole = whole.state[there.first + row * there.stride];
      (back ? of_whole : mine) = back ? mine : of_whole;
    }
    std::uint32_t &mine = slots_set[c], &of_whole = whole.slots_set[numbers[c]];
    (back ? of_whole : mine) = back ? mine : of_whole;
  }
}

} // namespace calcisol

// The step of the pieces, cut where a piece gets more water through a face than it holds (Courant number above 1).
//
// Transport is implicit: it stays stable, but a piece that is flushed twice in a day keeps a third of what it held,
// where an eighth is left. Fronts and calcite that dissolves slowly are lost by that (emulator/docs/results_log.md). A
// column's own water alone says how many parts its step has, so that its bits do not depend on the columns beside it.
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "columns/split_columns.hpp"
#include "engine/subcycle.hpp"

namespace calcisol {

namespace {

constexpr double largest_courant = 1.0;
constexpr double least_water = 10.0; // kg m-3 of soil; a piece that is as good as dry asks for no more parts
// Columns of as many parts are stepped together: few numbers, few calls.
constexpr std::array<std::uint8_t, 9> numbers_of_parts = {1, 2, 3, 4, 6, 8, 12, 16, 24};

} // namespace

// Liquid water of a piece before the step: the ice there is now was there before, as where long steps are cut.
double SplitColumns::liquid_before(std::size_t at) const {
  const double before = water_before[at], frozen = fine[CALCISOL_W_ICE].empty() ? 0.0 : fine[CALCISOL_W_ICE][at];
  return before == no_state ? fine[CALCISOL_W_LIQ][at] : std::max(before - frozen, 0.0);
}

// Largest share of its water that a piece gets or loses through a face in a step of the column; `sinks` of its pieces.
double SplitColumns::courant(std::int64_t column, double dt, const double *sinks) const {
  const auto value = [&](int row, std::size_t at, double fill) { return fine[row].empty() ? fill : fine[row][at]; };
  const bool given = !fine[CALCISOL_Q_IF].empty();
  double below = value(CALCISOL_Q_BOT, column, 0.0), largest = 0.0;
  for (int k = state_layers() - 1; k >= 0; --k) {
    const std::size_t at = k * ncol + column;
    const double liquid = fine[CALCISOL_W_LIQ][at], before = water_before[at];
    if (before == no_state)
      return 0.0; // its first step begins with the water that it ends with
    if (given)
      below = fine[CALCISOL_Q_IF][at];
    const double above = below + sinks[k] + (liquid + value(CALCISOL_W_ICE, at, 0.0) - before) / dt;
    const double held =
        std::max(std::min(liquid, liquid_before(at)), least_water * thickness[column * state_layers() + k]);
    largest = std::max(largest, std::max(std::fabs(above), std::fabs(below)) * dt / held);
    below = above;
  }
  return largest;
}

// Parts of the step of a column, each of which the columns inside may cut again because it is long.
std::uint8_t SplitColumns::parts_for(double dt, double courant_number) const {
  for (const std::uint8_t parts : numbers_of_parts)
    if (parts * parts_of(dt / parts, longest) * largest_courant >= courant_number)
      return parts;
  return numbers_of_parts.back();
}

// One step of `dt` of the columns that are active. Their report counts pieces: the host's is made from their flags.
void SplitColumns::step_active(double dt, Finding &finding) {
  const Rows in = rows(CALCISOL_ROLE_FORCING), out = rows(CALCISOL_ROLE_OUTPUT);
  std::vector<calcisol_view> forcing(in.count);
  std::vector<calcisol_target> output(out.count);
  for (int i = 0; i < in.count; ++i)
    if (!fine[i].empty())
      forcing[i] = calcisol_f64(fine[i].data(), 1, ncol);
  forcing[CALCISOL_ACTIVE] = calcisol_f64(active.data(), 1, 0);
  for (int i = 0; i < out.count; ++i)
    if (!fine_out[i].empty())
      output[i] = calcisol_to_f64(fine_out[i].data(), 1, ncol);
  const StepViews inside{forcing.data(), in.count, output.data(), out.count,
                         calcisol_to_i32(fine_flag.data(), 1, ncol)};
  calcisol_report counts{};
  Finding found;
  found.host_layer = layer_of.data();
  inner->step(dt, inside, false, counts, found);
  if (found.kind > finding.kind)
    finding = std::move(found);
}

void SplitColumns::step_pieces(double dt, Finding &finding) {
  inner->notes.clear();
  const std::uint8_t most = *std::max_element(parts.begin(), parts.end());
  if (most <= 1)
    step_active(dt, finding);
  else
    step_in_parts(dt, finding);
  notes.swap(inner->notes);
}

// Columns by their number of parts, those of one number together. One that has no answer in some part keeps the state
// it had before the step; so do all where a call fails, the one of columns of one part, the last, being whole.
void SplitColumns::step_in_parts(double dt, Finding &finding) {
  std::vector<std::int64_t> several;
  for (std::int64_t c = 0; c < ncol; ++c)
    if (parts[c] > 1)
      several.push_back(c);
  inner->keep_state(several);
  try {
    for (auto count = numbers_of_parts.rbegin(); count != numbers_of_parts.rend(); ++count)
      if (std::find(parts.begin(), parts.end(), *count) != parts.end())
        step_those_of(*count, dt, finding);
  } catch (...) {
    inner->give_back(several);
    throw;
  }
  std::vector<std::int64_t> unanswered;
  std::copy_if(several.begin(), several.end(), std::back_inserter(unanswered),
               [&](std::int64_t c) { return (fine_flag[c] & CALCISOL_FLAG_INVALID) != 0; });
  inner->give_back(unanswered);
}

// Columns of `count` parts: water linear within the step, all else held; rates come back as means, flags together.
void SplitColumns::step_those_of(std::uint8_t count, double dt, Finding &finding) {
  std::vector<std::int64_t> these;
  for (std::int64_t c = 0; c < ncol; ++c) {
    active[c] = parts[c] == count ? 1.0 : 0.0;
    if (parts[c] == count)
      these.push_back(c);
  }
  if (count == 1)
    return step_active(dt, finding);
  const Rows out = rows(CALCISOL_ROLE_OUTPUT);
  const auto cell = [&](int k, std::size_t i) { return k * ncol + these[i]; };
  const auto is_rate = [&](int v) { return !out[v].layered && v != CALCISOL_OUT_PH_TOP && !fine_out[v].empty(); };
  const std::size_t n = these.size(), all = n * state_layers();
  std::vector<double> first(all), last(all), mean(n * out.count, 0.0);
  std::vector<std::int32_t> seen(all, 0);
  for (int k = 0; k < state_layers(); ++k)
    for (std::size_t i = 0; i < n; ++i) {
      first[k * n + i] = liquid_before(cell(k, i));
      last[k * n + i] = fine[CALCISOL_W_LIQ][cell(k, i)];
    }
  for (int part = 1; part <= count; ++part) {
    for (int k = 0; k < state_layers(); ++k)
      for (std::size_t i = 0; i < n; ++i) {
        const double from = first[k * n + i], to = last[k * n + i];
        fine[CALCISOL_W_LIQ][cell(k, i)] = part == count ? to : from + (to - from) * part / count;
      }
    step_active(dt / count, finding);
    for (int k = 0; k < state_layers(); ++k)
      for (std::size_t i = 0; i < n; ++i)
        seen[k * n + i] |= fine_flag[cell(k, i)];
    for (int v = 0; v < out.count; ++v)
      for (std::size_t i = 0; i < n && is_rate(v); ++i)
        mean[v * n + i] += fine_out[v][these[i]] / count;
    for (std::size_t i = 0; i < n; ++i)
      if (seen[i] & CALCISOL_FLAG_INVALID)
        active[these[i]] = 0.0;
  }
  for (int k = 0; k < state_layers(); ++k)
    for (std::size_t i = 0; i < n; ++i)
      fine_flag[cell(k, i)] = seen[k * n + i];
  for (int v = 0; v < out.count; ++v)
    for (std::size_t i = 0; i < n && is_rate(v); ++i)
      fine_out[v][these[i]] = mean[v * n + i];
}

} // namespace calcisol

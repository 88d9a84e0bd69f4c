// Nitrogen that plants and microbes take is taken where it is: in the thin pieces of a layer, ammonium and nitrate of
// the one at the surface may be all there is, while the host's rates hold for the layer as a whole.
#include "columns/split_columns.hpp"

#include <algorithm>

#include "base/variable_table.hpp"
#include "calcisol_constants.hpp"

namespace calcisol {

namespace {

constexpr double most_taken = 0.97; // of what a piece has in a step: a little less than the step lets its sinks take

// Moves to other pieces of a layer what `sinks` take beyond the `room` of a piece, in proportion to the room left
// there. Totals of each sink and layer stay; where the whole layer has too little, its pieces lack it alike.
void take_where_it_is(const Split &split, double (*sinks)[most_layers], int count, const double *room) {
  for (int l = 0, first = 0; l < split.layers; first += split.pieces[l++]) {
    double kept[most_layers], left[most_layers], all_left = 0.0;
    bool enough = true;
    for (int k = first; k < first + split.pieces[l]; ++k) {
      double wanted = 0.0;
      for (int v = 0; v < count; ++v)
        wanted += sinks[v][k];
      kept[k] = wanted > room[k] ? room[k] / wanted : 1.0;
      left[k] = std::max(room[k] - wanted, 0.0);
      all_left += left[k];
      enough = enough && kept[k] >= 1.0;
    }
    if (enough || !(all_left > 0.0))
      continue;
    for (int v = 0; v < count; ++v) {
      double moved = 0.0;
      for (int k = first; k < first + split.pieces[l]; ++k) {
        moved += sinks[v][k] * (1.0 - kept[k]);
        sinks[v][k] *= kept[k];
      }
      for (int k = first; k < first + split.pieces[l]; ++k)
        sinks[v][k] += moved * (left[k] / all_left);
    }
  }
}

} // namespace

bool SplitColumns::takes_nitrogen() const {
  for (const int row : {CALCISOL_N_NIT, CALCISOL_N_UP_NH4, CALCISOL_N_MIN, CALCISOL_N_UP_NO3, CALCISOL_N_DEN})
    if (!fine[row].empty())
      return true;
  return false;
}

// Rates of nitrogen of a column, shared out, against its pools before the step and what the step brings.
void SplitColumns::meet_nitrogen(std::int64_t column, double dt) {
  const int n = state_layers();
  if (ammonium_before[column] == no_state || nitrate_before[column] == no_state)
    return; // its first step
  double ammonium[3][most_layers], nitrate[2][most_layers], mineralised[most_layers], room[most_layers];
  const auto value = [&](int row, int k) { return fine[row].empty() ? 0.0 : fine[row][k * ncol + column]; };
  const auto brought = [&](int row) { return fine[row].empty() ? 0.0 : fine[row][column] * constants::molar_mass_n; };
  const auto has = [&](int row, const std::vector<double> &before, int k) {
    return (fine[row].empty() ? before[k * ncol + column] * constants::molar_mass_n : value(row, k)) / dt;
  };
  for (int k = 0; k < n; ++k) {
    ammonium[0][k] = value(CALCISOL_N_NIT, k), ammonium[1][k] = value(CALCISOL_N_UP_NH4, k);
    mineralised[k] = std::max(value(CALCISOL_N_MIN, k), 0.0);
    ammonium[2][k] = std::max(-value(CALCISOL_N_MIN, k), 0.0);
    room[k] = has(CALCISOL_NH4, ammonium_before, k) + mineralised[k] + (k == 0 ? brought(CALCISOL_DEP_NH4) : 0.0);
    room[k] = std::max(most_taken * room[k], 0.0); // a restart may hold a little less than nothing
  }
  take_where_it_is(split(column), ammonium, 3, room);
  for (int k = 0; k < n; ++k) {
    nitrate[0][k] = value(CALCISOL_N_UP_NO3, k), nitrate[1][k] = value(CALCISOL_N_DEN, k);
    room[k] = has(CALCISOL_NO3, nitrate_before, k) + ammonium[0][k] + (k == 0 ? brought(CALCISOL_DEP_NO3) : 0.0);
    room[k] = std::max(most_taken * room[k], 0.0);
  }
  take_where_it_is(split(column), nitrate, 2, room);
  for (int k = 0; k < n; ++k)
    mineralised[k] -= ammonium[2][k];
  const double *const rates[] = {ammonium[0], ammonium[1], mineralised, nitrate[0], nitrate[1]};
  const int rows_of[] = {CALCISOL_N_NIT, CALCISOL_N_UP_NH4, CALCISOL_N_MIN, CALCISOL_N_UP_NO3, CALCISOL_N_DEN};
  for (int i = 0; i < 5; ++i)
    if (!fine[rows_of[i]].empty())
      give(column, rates[i], fine[rows_of[i]]);
}

} // namespace calcisol

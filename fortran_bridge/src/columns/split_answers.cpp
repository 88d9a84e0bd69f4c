// What columns split within their layers give back: outputs and flags of the host's layers, laboratory pH; and the
// state of its layers taken.
#include "columns/split_columns.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/status.hpp"
#include "base/variable_table.hpp"

namespace calcisol {

namespace {

// Mean of the pieces of a layer; of equal values that value to the last bit.
double averaged(const double *values, const double *weights, int pieces) {
  double off = 0.0, all = weights[0];
  for (int k = 1; k < pieces; ++k) {
    off += weights[k] * (values[k] - values[0]);
    all += weights[k];
  }
  return values[0] + off / all;
}

} // namespace

// A layer's value of [piece][column]: sum of amounts, or mean by thickness.
double SplitColumns::whole(bool amount, const double *values, std::int64_t column, int layer) const {
  double own[most_layers], sum = 0.0;
  for (int k = 0; k < pieces[layer]; ++k) {
    own[k] = values[(first_piece[layer] + k) * ncol + column];
    sum = k == 0 ? own[k] : sum + own[k];
  }
  return amount ? sum : averaged(own, split(column).thickness + first_piece[layer], pieces[layer]);
}

void SplitColumns::answer_flags(const Part &part, calcisol_report &report) {
  std::int32_t *flags = flag.data() + part.begin * nlay;
  for (int c = 0; c < part.range.count; ++c) {
    const std::int64_t column = part.range.column(c);
    std::uint8_t &state = lane[part.begin + c];
    if (state == good && fine_flag[column] & CALCISOL_FLAG_INVALID) // its soil is bad, or the step has no answer
      state = refused;
    ++(state == refused ? report.columns_invalid : report.columns_stepped);
    for (int l = 0; l < nlay; ++l) {
      std::int32_t &bits = flags[l * width + c];
      if (state == refused) {
        bits = (bits & CALCISOL_FLAG_CLIPPED) | CALCISOL_FLAG_INVALID;
        continue;
      }
      for (int k = 0; k < pieces[l]; ++k)
        bits |= fine_flag[(first_piece[l] + k) * ncol + column];
      report.cells_clipped += (bits & CALCISOL_FLAG_CLIPPED) != 0;
      report.cells_outside_envelope += (bits & CALCISOL_FLAG_OUTSIDE_ENVELOPE) != 0;
      report.cells_fallback += (bits & CALCISOL_FLAG_FALLBACK) != 0;
      report.cells_residual += (bits & CALCISOL_FLAG_RESIDUAL) != 0;
    }
  }
}

void SplitColumns::answer(const Part &part, const StepViews &views, calcisol_report &report) {
  answer_flags(part, report);
  const Rows table = rows(CALCISOL_ROLE_OUTPUT);
  for (int i = 0; i < table.count; ++i) {
    if (fine_out[i].empty())
      continue;
    const bool amount = is_amount(table[i]);
    for (int l = 0; l < (table[i].layered ? nlay : 1); ++l)
      for (int c = 0; c < part.range.count; ++c) {
        const std::int64_t column = part.range.column(c);
        block[static_cast<std::size_t>(l) * width + c] =
            lane[part.begin + c] == refused ? std::numeric_limits<double>::quiet_NaN()
            : table[i].layered              ? whole(amount, fine_out[i].data(), column, l)
                                            : fine_out[i][column];
      }
    scatter(block.data(), part.range, table[i].layered, everybody.data(), views.output[i]);
  }
  scatter(flag.data() + part.begin * nlay, part.range, everybody.data(), views.flag);
}

void SplitColumns::state_spread(std::int32_t slot, const calcisol_view &values) {
  const std::string units = rows(CALCISOL_ROLE_STATE)[slot].units;
  const bool amount = units == "mol m-2" || units == "kg m-2"; // no rates: they are of what passes a layer
  std::vector<double> spread(cells(state_layers()));
  some = false;
  for (std::int64_t begin = 0; begin < ncol; begin += width) {
    const Range where = part(begin).range;
    gather(values, where, true, no_state, block.data());
    for (int c = 0; c < where.count; ++c) {
      double layers[most_layers], shares[most_layers];
      take(c, 0, layers);
      if (std::any_of(layers, layers + nlay, is_bad))
        std::fill_n(shares, state_layers(), no_state);
      else if (slot == CALCISOL_STATE_WATER)
        share_out_water(split(begin + c), layers, nullptr, shares, nullptr);
      else
        (amount ? share_out_evenly : repeat)(split(begin + c), layers, shares);
      give(begin + c, shares, spread);
    }
  }
  inner->state_set(slot, calcisol_f64(spread.data(), 1, ncol));
}

// Soil of the layers, [property][layer][column]: per kg by mass, shares of the exchanger by its charge, else by volume.
void SplitColumns::mix_soil(std::vector<std::vector<double>> &soil) const {
  const Rows table = rows(CALCISOL_ROLE_STATIC);
  std::vector<double> density(cells(state_layers())), capacity(density), own(density);
  soil_get(CALCISOL_SOIL_BULK_DENSITY, density.data());
  soil_get(CALCISOL_SOIL_CEC, capacity.data());
  for (int i = 0; i < table.count; ++i) {
    const bool by_mass = std::string(table[i].units) == "kg kg-1" || std::string(table[i].units) == "mol kg-1";
    const bool by_charge = i == CALCISOL_SOIL_CEC_VARIABLE || i == CALCISOL_SOIL_BASE_SATURATION;
    soil_get(i, own.data());
    soil[i].resize(cells(nlay));
    for (std::int64_t c = 0; c < ncol; ++c)
      for (int l = 0; l < nlay; ++l) {
        double values[most_layers], weights[most_layers];
        const double *by = split(c).thickness + first_piece[l];
        for (int k = 0; k < pieces[l]; ++k) {
          const std::size_t at = (first_piece[l] + k) * ncol + c;
          values[k] = own[at];
          weights[k] = by[k] * (by_mass || by_charge ? density[at] : 1.0) * (by_charge ? capacity[at] : 1.0);
        }
        soil[i][l * ncol + c] =
            i == CALCISOL_SOIL_DZ ? whole(true, own.data(), c, l) : averaged(values, weights, pieces[l]);
      }
  }
}

// A sample of a layer is mixed before it is suspended: columns of the host's layers, with the pools of their pieces.
void SplitColumns::laboratory_ph(const calcisol_target *ph, std::int32_t given) {
  const Rows properties = rows(CALCISOL_ROLE_STATIC), slots = rows(CALCISOL_ROLE_STATE);
  if (!ph)
    throw Failure(CALCISOL_ERROR_ARGUMENT, "the arrays for laboratory pH are NULL; pass an array of targets");
  check_targets(ph, given, rows(CALCISOL_ROLE_LAB), "laboratory pH", ncol, nlay, Reach::pieces);
  const auto mixed = make(ncol, nlay);
  std::vector<std::vector<double>> soil(properties.count);
  std::vector<calcisol_view> views(properties.count);
  mix_soil(soil);
  for (int i = 0; i < properties.count; ++i) {
    const bool derived = std::isnan(properties[i].fill) && !properties[i].required; // maybe with the first state only
    if (!derived || !std::all_of(soil[i].begin(), soil[i].end(), [](double x) { return std::isnan(x); }))
      views[i] = calcisol_f64(soil[i].data(), 1, ncol);
  }
  calcisol_report report{};
  Finding finding;
  mixed->set_properties(views.data(), properties.count, report, finding);
  std::vector<double> own(cells(state_layers())), state(cells(nlay));
  for (int slot = 0; ncol > 0 && slot < slots.count; ++slot) {
    inner->state_get(slot, calcisol_to_f64(own.data(), 1, ncol));
    for (std::int64_t c = 0; c < ncol; ++c)
      for (int l = 0; l < nlay; ++l)
        state[l * ncol + c] = own[c] == no_state ? no_state : whole(is_amount(slots[slot]), own.data(), c, l);
    mixed->state_set(slot, calcisol_f64(state.data(), 1, ncol));
  }
  mixed->laboratory_ph(ph, given);
}

} // namespace calcisol

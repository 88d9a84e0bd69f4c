#include "columns/screening.hpp"

#include <algorithm>
#include <cmath>

#include "base/pairs.hpp"
#include "base/status.hpp"

namespace calcisol {

namespace {

// The usual case, several values at a time.
bool all_inside(const double *row, int count, double low, double high) {
  return all_pairs(row, count, [low, high](Pair x) { return (x >= low) & (x <= high); });
}

std::string place(const Variable &variable, double value, std::int64_t column, int layer, const int *host_layer) {
  std::string text = std::string(variable.name) + " = " + number(value) + " " + variable.units + " at column " +
                     std::to_string(column + 1);
  return variable.layered ? text + ", layer " + std::to_string((host_layer ? host_layer[layer] : layer) + 1) : text;
}

} // namespace

void check_dt(double dt) {
  if (!(dt >= constants::dt_min && dt <= constants::dt_max))
    throw Failure(CALCISOL_ERROR_ARGUMENT, "dt is " + number(dt) + " s; give the length of the step in seconds, " +
                                               std::to_string(static_cast<int>(constants::dt_min)) + " to " +
                                               std::to_string(static_cast<int>(constants::dt_max)));
}

bool is_bad(double value) {
  return !(std::fabs(value) < constants::missing_from) || value == constants::missing_value ||
         value == constants::missing_value_orchidee;
}

void Finding::clip(const Variable &variable, double value, std::int64_t column, int layer) {
  if (kind >= clipped)
    return;
  kind = clipped;
  text = place(variable, value, column, layer, host_layer) + " lies outside " + number(variable.low) + " to " +
         number(variable.high) + " and was clipped; check its unit";
}

void Finding::refuse(const Variable &variable, double value, std::int64_t column, int layer) {
  if (kind >= bad)
    return;
  kind = bad;
  text = place(variable, value, column, layer, host_layer) +
         " is missing or not finite; the column kept its state, give a value or set active = 0";
}

void Finding::soil(std::int64_t column) {
  if (kind >= failed)
    return;
  kind = failed;
  text = "column " + std::to_string(column + 1) +
         " was created with a missing soil property and stays invalid; create it with complete soil or set active = 0";
}

void Finding::no_soil(std::int64_t column) {
  if (kind >= failed)
    return;
  kind = failed;
  text = "the soil of column " + std::to_string(column + 1) +
         " gives no finite derived properties; create it with another soil or set active = 0";
}

void Finding::no_answer(std::int64_t column, double strength, int layer) {
  if (kind >= failed)
    return;
  kind = failed;
  if (strength > constants::brine)
    text = "column " + std::to_string(column + 1) +
           " cannot be stepped: its pore water has become a brine (ionic strength " + number(strength) +
           " mol kg-1 in layer " + std::to_string((host_layer ? host_layer[layer] : layer) + 1) +
           "); it kept its state, begin it again with another state or set active = 0";
  else
    text = "the step of column " + std::to_string(column + 1) +
           " gave NaN; it kept its state, check its inputs and its state or set active = 0";
}

void Finding::on_device(std::int64_t invalid, std::int64_t clipped_cells) {
  if (invalid == 0 && clipped_cells == 0)
    return;
  kind = invalid > 0 ? bad : clipped;
  text = invalid > 0
             ? std::to_string(invalid) + " columns met missing or not finite values and kept their state; look "
                                         "for CALCISOL_FLAG_INVALID in the flag"
             : std::to_string(clipped_cells) + " cells hold values outside their valid range, which were clipped; "
                                               "look for CALCISOL_FLAG_CLIPPED in the flag";
}

void screen(const Variable &variable, const Range &range, const std::uint8_t *skip, double *block,
            std::uint8_t *invalid, std::int32_t *flag, Finding &finding) {
  const double low_slack = constants::limit_tolerance * std::fabs(variable.low),
               high_slack = constants::limit_tolerance * std::fabs(variable.high);
  const int layers = variable.layered ? range.layers : 1;
  if (range.count == range.width && all_inside(block, layers * range.width, variable.low, variable.high))
    return; // a look at all layers at once: for a single column, two layers at a time
  for (int l = 0; l < layers; ++l) {
    if (all_inside(block + l * range.width, range.count, variable.low, variable.high))
      continue;
    for (int c = 0; c < range.count; ++c) {
      double &value = block[l * range.width + c];
      if (value >= variable.low && value <= variable.high)
        continue;
      if (skip[c])
        continue;
      if (is_bad(value)) {
        finding.refuse(variable, value, range.column(c), l);
        invalid[c] = 1;
        continue;
      }
      if (value < variable.low - low_slack || value > variable.high + high_slack) {
        finding.clip(variable, value, range.column(c), l);
        for (int k = variable.layered ? l : 0; k < (variable.layered ? l + 1 : range.layers); ++k)
          flag[k * range.width + c] |= CALCISOL_FLAG_CLIPPED;
      }
      value = std::clamp(value, variable.low, variable.high);
    }
  }
}

} // namespace calcisol

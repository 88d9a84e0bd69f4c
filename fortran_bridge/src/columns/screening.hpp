// Looks at every input value: missing and not finite makes a column invalid, out of range is clipped.
#pragma once

#include <cstdint>
#include <string>

#include "base/variable_table.hpp"
#include "calcisol_constants.hpp"
#include "columns/views.hpp"

namespace calcisol {

constexpr double no_state = constants::missing_value; // in state_get and state_set: this column has no state

// Failure for a step that is shorter or longer than what the emulator was made for.
void check_dt(double dt);

// Value of a variable in the weather and soil of a warm-up.
double synthetic(const Variable &variable, int row, bool forcing);

// NaN, infinite, or a code for "missing" of land models (constants.toml: -9999, 999999, and all from 1e19 on).
bool is_bad(double value);

// The first thing worth telling the host about; a bad value takes the place of a clipped one.
struct Finding {
  enum Kind { nothing, clipped, failed, bad } kind = nothing;
  std::string text;
  const int *host_layer = nullptr; // of each layer stepped, where these are pieces of the host's
  void clip(const Variable &variable, double value, std::int64_t column, int layer);
  void refuse(const Variable &variable, double value, std::int64_t column, int layer);
  void soil(std::int64_t column);    // its static soil has been bad since it was created
  void no_soil(std::int64_t column); // what the module derives of its soil is not finite
  void no_answer(std::int64_t column, double strength,
                 int layer); // NaN from the module; ionic strength before, where largest
  void on_device(std::int64_t invalid, std::int64_t clipped); // counts only: where they lie would have to be fetched
};

// Screen one gathered variable. Lanes of bad values get invalid[c] = 1; clipped cells get the bit in flag
// [layer][column]. Lanes with skip[c] (inactive) are not looked at.
void screen(const Variable &variable, const Range &range, const std::uint8_t *skip, double *block,
            std::uint8_t *invalid, std::int32_t *flag, Finding &finding);

} // namespace calcisol

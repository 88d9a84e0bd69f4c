// Looks at every input value: missing and not finite makes a column invalid, out of range is clipped.
#pragma once

#include <cstdint>
#include <string>

#include "table.hpp"
#include "views.hpp"

namespace calcisol {

// Missing, NaN, infinite, or a sentinel of land models (-9999, 999999, 1e20, 1e36).
bool is_bad(double value);

// The first thing worth telling the host about; a bad value takes the place of a clipped one.
struct Finding {
  enum Kind { nothing, clipped, failed, bad } kind = nothing;
  std::string text;
  void clip(const Variable &variable, double value, std::int64_t column, int layer);
  void refuse(const Variable &variable, double value, std::int64_t column, int layer);
  void soil(std::int64_t column); // its static soil has been bad since it was created
  void fail(std::int64_t column); // the module answered with NaN
};

// Screen one gathered variable. Lanes of bad values get invalid[c] = 1; clipped cells get the bit in flag
// [layer][column]. Lanes with skip[c] (inactive) are not looked at.
void screen(const Variable &variable, const Range &range, const std::uint8_t *skip, double *block,
            std::uint8_t *invalid, std::int32_t *flag, Finding &finding);

} // namespace calcisol

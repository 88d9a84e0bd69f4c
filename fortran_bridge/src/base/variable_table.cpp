#include "base/variable_table.hpp"

#include <algorithm>
#include <cmath>

namespace calcisol {

#include "variable_table.inc"

int Rows::layered() const {
  return static_cast<int>(std::count_if(begin(), end(), [](const Variable &v) { return v.layered; }));
}

Rows rows(int role) {
  switch (role) {
  case CALCISOL_ROLE_STATIC:
    return {static_rows, CALCISOL_N_STATIC};
  case CALCISOL_ROLE_FORCING:
    return {forcing_rows, CALCISOL_N_FORCING};
  case CALCISOL_ROLE_OUTPUT:
    return {output_rows, CALCISOL_N_OUTPUT};
  case CALCISOL_ROLE_LAB:
    return {diagnostic_rows, CALCISOL_N_LAB};
  case CALCISOL_ROLE_STATE:
    return {state_rows, CALCISOL_N_STATE};
  default:
    return {};
  }
}

} // namespace calcisol

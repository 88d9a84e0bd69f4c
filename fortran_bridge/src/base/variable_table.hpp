// The variable table compiled in (generated from emulator/contract/variables.toml).
#pragma once

#include "calcisol.h"

namespace calcisol {

struct Variable {
  const char *name, *units, *long_name, *standard_name;
  bool layered;     // [ncol][nlay], else [ncol]
  bool required;    // absent = error
  double fill;      // absent: this value; NaN = derived by the module
  double low, high; // valid range; NaN = none
};

struct Rows {
  const Variable *first = nullptr;
  int count = 0;
  const Variable *begin() const { return first; }
  const Variable *end() const { return first + count; }
  const Variable &operator[](int row) const { return first[row]; }
  int layered() const; // how many have layers; those form one tensor, the others a second one
  int column() const { return count - layered(); }
};

Rows rows(int role); // count 0 for an unknown role

} // namespace calcisol

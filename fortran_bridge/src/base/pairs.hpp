// Float64 two by two, as every x86-64 and every aarch64 holds them. Compilers leave a loop of comparisons one by one,
// since one may trap; looking at all that a step is given and gives cost it a twentieth of its time so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace calcisol {

typedef double Pair __attribute__((vector_size(16)));
typedef std::int64_t PairMask __attribute__((vector_size(16)));

inline Pair pair_at(const double *x) {
  Pair pair;
  std::memcpy(&pair, x, sizeof pair);
  return pair;
}

// Whether `holds`, which takes a Pair and gives a PairMask, is true of all `count` values.
template <class Holds> bool all_pairs(const double *x, std::size_t count, Holds holds) {
  PairMask even = {-1, -1}, odd = even;
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    even &= holds(pair_at(x + i));
    odd &= holds(pair_at(x + i + 2));
  }
  for (; i < count; ++i)
    even &= holds(Pair{x[i], x[i]});
  even &= odd;
  return (even[0] & even[1]) != 0;
}

} // namespace calcisol

// Functions of a step on lanes of float32: exp, log, pow, tanh, within a few units in the last place.
//
// For what the step needs to a millionth alone: activities, features of the learned core, surfaces. Written once for
// vectors and for the single lane of a device's thread, as functions.hpp. Polynomials after Moshier's Cephes library
// (expf, logf). No exceptions are made: exp is bounded at both ends, log of what is not positive is minus infinity.
#pragma once

#include "functions.hpp"

namespace lanes {

// exp(x): x = n ln 2 + r; for |x| beyond 87 that of 87
CALCISOL_LANES W exp(W x) {
  const W t = at_least(at_most(x, all_w(87.0f)), all_w(-87.0f));
  const W magic = all_w(0x1.8p23f);
  const W shifted = fma(t, all_w(0x1.715476p+0f), magic); // n in the low bits
  const W n = shifted - magic;
  const W r = fma(n, all_w(0x1.bd0106p-13f), fma(n, all_w(-0x1.63p-1f), t));
  W q = all_w(1.9875691500e-4f);
  q = fma(q, r, all_w(1.3981999507e-3f));
  q = fma(q, r, all_w(8.3334519073e-3f));
  q = fma(q, r, all_w(4.1665795894e-2f));
  q = fma(q, r, all_w(1.6666665459e-1f));
  q = fma(q, r, all_w(5.0000001201e-1f));
  const W power = from_bits_w((bits_w(shifted) - bits_w(magic) + 127) << 23);
  return (fma(r * r, q, r) + 1.0f) * power;
}

// ln x: x = 2^k (1 + f), 1 + f between sqrt(1/2) and sqrt(2)
CALCISOL_LANES W log(W x) {
  const WI k = (bits_w(x) - 0x3f3504f3) >> 23;
  const W f = from_bits_w(bits_w(x) - (k << 23)) - 1.0f, z = f * f, n = number_w(k);
  W q = all_w(7.0376836292e-2f);
  q = fma(q, f, all_w(-1.1514610310e-1f));
  q = fma(q, f, all_w(1.1676998740e-1f));
  q = fma(q, f, all_w(-1.2420140846e-1f));
  q = fma(q, f, all_w(1.4249322787e-1f));
  q = fma(q, f, all_w(-1.6668057665e-1f));
  q = fma(q, f, all_w(2.0000714765e-1f));
  q = fma(q, f, all_w(-2.4999993993e-1f));
  q = fma(q, f, all_w(3.3333331174e-1f));
  const W rest = fma(n, all_w(-0x1.bd0106p-13f), fma(q * f, z, z * -0.5f));
  return select(mask(x > 0.0f), fma(n, all_w(0x1.63p-1f), f + rest), all_w(-__builtin_inff()));
}

CALCISOL_LANES W pow(W x, double y) { return exp(log(x) * all_w(static_cast<float>(y))); }

// (e - 1) / (e + 1) with e = exp(2 x), or a series where that cancels
CALCISOL_LANES W tanh(W x) {
  const W z = x * x, e = exp(x + x);
  const W near = fma(x * z, fma(z, fma(z, all_w(-17.0f / 315.0f), all_w(2.0f / 15.0f)), all_w(-1.0f / 3.0f)), x);
  return select(mask(z < 0.01f), near, (e - 1.0f) / (e + 1.0f));
}

#if !defined(CALCISOL_CELL) // half vectors, beside float64: few
template <class Function> CALCISOL_LANES F of_half(F x, Function function) {
  W w{};
  std::memcpy(&w, &x, sizeof x);
  w = function(w);
  std::memcpy(&x, &w, sizeof x);
  return x;
}
CALCISOL_LANES F exp(F x) {
  return of_half(x, [](W w) { return exp(w); });
}
CALCISOL_LANES F log(F x) {
  return of_half(x, [](W w) { return log(w); });
}
CALCISOL_LANES F pow(F x, double y) {
  return of_half(x, [y](W w) { return pow(w, y); });
}
CALCISOL_LANES F tanh(F x) {
  return of_half(x, [](W w) { return tanh(w); });
}
CALCISOL_LANES F sqrt(F x) {
  return of_half(x, [](W w) { return sqrt(w); });
}
#endif

} // namespace lanes

// Functions of a step on lanes: exp, log, pow and their kin, in float64 and, rounded from it, in float32.
//
// Written once for vectors (lanes.hpp) and for the single lane of a device's thread (cell.hpp). exp, log: reduction by
// a table of 16 (Tang 1989, 1990) and a polynomial; pow: after Cody & Waite (1980) and series. Lanes out of the
// ordinary take a second, cold path, except in exp, which needs none. Nothing here calls libm where host and device
// must agree. Errors: tests/bridge/test_lanes.py.
#pragma once

#include <cmath>

#if defined(CALCISOL_CELL)
#include "cell.hpp"
#else
#include "lanes.hpp"
#endif

namespace lanes {

constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33; // ln 2; the high part times 2000 is exact
constexpr double ordinary = 708.0; // |x| up to which exp(x) is a normal number
constexpr double infinity = __builtin_inf();
constexpr double smallest = 0x1p-1022, largest = 0x1.fffffffffffffp1023; // normal numbers

// 2^(k / 16)
CALCISOL_TABLE double roots[16] = {0x1p+0,
                                   0x1.0b5586cf9890fp+0,
                                   0x1.172b83c7d517bp+0,
                                   0x1.2387a6e756238p+0,
                                   0x1.306fe0a31b715p+0,
                                   0x1.3dea64c123422p+0,
                                   0x1.4bfdad5362a27p+0,
                                   0x1.5ab07dd485429p+0,
                                   0x1.6a09e667f3bcdp+0,
                                   0x1.7a11473eb0187p+0,
                                   0x1.8ace5422aa0dbp+0,
                                   0x1.9c49182a3f090p+0,
                                   0x1.ae89f995ad3adp+0,
                                   0x1.c199bdd85529cp+0,
                                   0x1.d5818dcfba487p+0,
                                   0x1.ea4afa2a490dap+0};

// exp(x): x = n / 16 ln 2 + r; exp(r) - 1 by Chebyshev interpolation of (exp(r) - 1 - r) / r^2 (3e-17); the power of
// two is applied last and rounds once, so that the ends of the range need no exception.
CALCISOL_LANES V exp(V x) {
  const V t = at_least(at_most(x, all(710.0)), all(-746.0));
  const V magic = all(0x1.8p52);
  const V shifted = fma(t, all(0x1.71547652b82fep+4), magic); // n in the low bits
  const V n = shifted - magic;
  const V r = fma(n, all(-0x1.473de6af278edp-38), fma(n, all(-0x1.62e42fefp-5), t));
  V q = all(0x1.6c17bb5212f81p-10);
  q = fma(q, r, all(0x1.11120af7229ffp-7));
  q = fma(q, r, all(0x1.55555555194d1p-5));
  q = fma(q, r, all(0x1.55555554dd44bp-3));
  q = fma(q, r, all(0.5));
  const V root = CALCISOL_PICK(roots, bits(shifted));
  const V y = fma(root, fma(r * r, q, r), root);
  return times_power(y, shifted, magic);
}

// exp(x) (1 + more): x = n ln 2 + r, series in r to the 13th power (next term below 1e-17); `shifted` gets n
CALCISOL_LANES V exp_reduced(V x, V more, V &shifted) {
  const V magic = all(0x1.8p52);
  shifted = fma(x, all(0x1.71547652b82fep0), magic); // n in the low bits
  const V n = shifted - magic;
  const V r = fma(n, all(-ln2_low), fma(n, all(-ln2_high), x)) + more;
  V q = all(1.0 / 6227020800.0);
  q = fma(q, r, all(1.0 / 479001600.0));
  q = fma(q, r, all(1.0 / 39916800.0));
  q = fma(q, r, all(1.0 / 3628800.0));
  q = fma(q, r, all(1.0 / 362880.0));
  q = fma(q, r, all(1.0 / 40320.0));
  q = fma(q, r, all(1.0 / 5040.0));
  q = fma(q, r, all(1.0 / 720.0));
  q = fma(q, r, all(1.0 / 120.0));
  q = fma(q, r, all(1.0 / 24.0));
  q = fma(q, r, all(1.0 / 6.0));
  q = fma(q, r, all(0.5));
  return fma(r * r, q, r) + 1.0;
}

struct Two {
  V high, low;
};

// ln x of normal numbers as an unevaluated sum, for pow: x = 2^k (1 + f), ln(1 + f) by the series of artanh in s = f /
// (2 + f); LIFTED: `by` is added to k, of x that was lifted out of the tiny numbers
template <bool LIFTED> CALCISOL_LANES Two log_parts(V x, V by) {
  const std::int64_t root = 0x3fe6a09e667f3bcd; // bits of sqrt(1/2): f lies between -0.293 and 0.414
  const I shifted = bits(x) - root + (std::int64_t(1024) << 52);
  const I k_bits = right(shifted, 52) | all_i(0x4330000000000000);
  V k = from_bits(k_bits) - (0x1p52 + 1024.0);
  if constexpr (LIFTED)
    k = k + by;
  const V f = from_bits((shifted & all_i(0x000fffffffffffff)) + root) - 1.0;
  const V s = f / (f + 2.0), z = s * s;
  V q = all(2.0 / 19.0);
  q = fma(q, z, all(2.0 / 17.0));
  q = fma(q, z, all(2.0 / 15.0));
  q = fma(q, z, all(2.0 / 13.0));
  q = fma(q, z, all(2.0 / 11.0));
  q = fma(q, z, all(2.0 / 9.0));
  q = fma(q, z, all(2.0 / 7.0));
  q = fma(q, z, all(2.0 / 5.0));
  q = fma(q, z, all(2.0 / 3.0));
  const V half_square = 0.5 * f * f;
  const V rest = k * ln2_low + fma(s, fma(q, z, half_square), -half_square); // ln(1 + f) - f, and of k ln 2 the rest
  const V whole = k * ln2_high;
  const V high = whole + f;
  return {high, rest + (f - (high - whole))};
}

// Intervals of 1/32 (below 1) and 1/16 from 0.703 to 1.406, the tenth around 1: c near 1 / middle, with few bits, and
// -ln c.
CALCISOL_TABLE double inverses[16] = {1.390625,    1.333984375, 1.279296875, 1.23046875, 1.185546875, 1.142578125,
                                      1.103515625, 1.06640625,  1.033203125, 1.0,        0.94140625,  0.888671875,
                                      0.841796875, 0.80078125,  0.76171875,  0.7265625};
CALCISOL_TABLE double logarithms[16] = {
    -0x1.51aad872df82dp-2, -0x1.27161913f853dp-2, -0x1.f871b28955045p-3, -0x1.a8becfc882f19p-3, -0x1.5c940075972b9p-3,
    -0x1.10f8e422539b1p-3, -0x1.9375e55595edep-4, -0x1.075983598e471p-4, -0x1.0b94f7c196176p-5, 0.0,
    0x1.eea31c006b87cp-5,  0x1.e3707ee30487bp-4,  0x1.60b3100b09476p-3,  0x1.c6ffbc6f00f71p-3,  0x1.16b5ccbacfb73p-2,
    0x1.4718dc271c41bp-2};

// ln x of normal numbers: x = 2^k m, m c = 1 + r with |r| <= 1/32; (ln(1 + r) - r) / r^2 by Chebyshev
// interpolation (2e-17 r). LIFTED: k becomes k - 54.
template <bool LIFTED> CALCISOL_LANES V log_of_normal(V x) {
  const std::int64_t start = 0x3fe6800000000000;
  const I above = bits(x) - start;
  V k = exponent(above);
  if constexpr (LIFTED)
    k = k - 54.0;
  const V m = from_bits(bits(x) - (above & all_i(INT64_MIN >> 11)));
  const I interval = right(above, 48);
  const V r = less_one(m, CALCISOL_PICK(inverses, interval));
  V q = all(0x1.c49b2ef7bae89p-4);
  q = fma(q, r, all(-0x1.005ea673387ffp-3));
  q = fma(q, r, all(0x1.2492cb1e00442p-3));
  q = fma(q, r, all(-0x1.5555479e1da59p-3));
  q = fma(q, r, all(0x1.9999998c4d63dp-3));
  q = fma(q, r, all(-0x1.0000000051bb8p-2));
  q = fma(q, r, all(0x1.55555555557e6p-2));
  q = fma(q, r, all(-0x1.ffffffffffff6p-2));
  const V whole = fma(k, all(0x1.62e42fefa39efp-1), CALCISOL_PICK(logarithms, interval));
  return whole + fma(r * r, q, r);
}
// y, and what ln x is where x is strange: zero, negative, tiny, infinite or NaN.
CALCISOL_COLD V log_of_strange(V y, V x, M strange) {
  V z = log_of_normal<true>(x * 0x1p54);
  z = select(mask(x == infinity), x, z);
  z = select(mask(x == 0.0), all(-infinity), z);
  z = select(mask(x >= 0.0), z, all(__builtin_nan("")));
  return select(strange, z, y);
}
CALCISOL_LANES V log(V x) {
  const V y = log_of_normal<false>(x);
  const M strange = not_below(bits(x) - std::int64_t(0x0010000000000000), 0x7fe0000000000000);
  return __builtin_expect(any(strange), 0) ? log_of_strange(y, x, strange) : y;
}

CALCISOL_LANES V log10(V x) { return log(x) * 0x1.bcb7b1526e50ep-2; }

// A power known when the kernel was written: x^y = answer 2^n, n in the low bits of `shifted`; p is y ln x.
template <bool LIFTED> CALCISOL_LANES V pow_of_normal(V x, double y, V by, V &p, V &shifted) {
  const Two l = log_parts<LIFTED>(x, by);
  const V sum = l.high + l.low, low = l.low - (sum - l.high);
  p = sum * y;
  const V rest = rounding(sum, y, p) + low * y;
  return exp_reduced(p, rest, shifted);
}
// `result`, and what x^y is where x is strange or the result is no normal number.
CALCISOL_COLD V pow_of_strange(V result, V x, double y, M strange) {
  const V size = abs(x);
  const M tiny = mask(size < smallest);
  V p, shifted;
  V z = pow_of_normal<true>(select(tiny, size * 0x1p54, size), y, select(tiny, all(-54.0), all(0.0)), p, shifted);
  const I n = bits(shifted) - bits(all(0x1.8p52)), half = n >> 1; // |n| < 2000 where p is in range
  z = z * from_bits((half + 1023) << 52) * from_bits((n - half + 1023) << 52);
  z = select(mask(p > 710.0), all(infinity), select(mask(p < -746.0), all(0.0), z));
  z = select(mask(size == 0.0), all(y > 0.0 ? 0.0 : infinity), z);
  z = select(mask(size == infinity), all(y > 0.0 ? infinity : 0.0), z);
  const double whole = std::trunc(y), even = 2.0 * std::trunc(0.5 * y);
  const V negative = whole != y ? select(mask(size == infinity), z, all(__builtin_nan(""))) : even != y ? -z : z;
  z = select(mask(x < 0.0), negative, z);
  return select(strange, select(mask(x == x), z, x), result);
}
CALCISOL_LANES V pow(V x, double y) {
  V p, shifted;
  const V part = pow_of_normal<false>(x, y, x, p, shifted);
  const V result = part * from_bits((bits(shifted) + 1023) << 52);
  const M strange = none_of((x >= smallest) & (x <= largest) & (abs(p) <= ordinary));
  return __builtin_expect(any(strange), 0) ? pow_of_strange(result, x, y, strange) : result;
}

// ln(1 + y), the rounding of 1 + y put right; it is exact below -0.999, and beyond 1e300 the 1 counts for nothing
CALCISOL_LANES V log1p(V y) {
  const V u = y + 1.0, l = log(u);
  return select(mask((y > -0.999) & (y < 1e300)), l + (y - (u - 1.0)) / u, l);
}
CALCISOL_LANES V asinh(V x) {
  const V a = abs(x);
  const M far = mask(a >= 1e150); // a a could overflow: ln(2 a)
  const V y = log1p(select(far, a, a + a * a / (sqrt(a * a + 1.0) + 1.0)));
  return from_bits(bits(select(far, y + (ln2_high + ln2_low), y)) | (bits(x) & all_i(INT64_MIN)));
}
CALCISOL_LANES V sigmoid(V x) { return 1.0 / (exp(-x) + 1.0); }
CALCISOL_LANES V silu(V x) { return x / (exp(-x) + 1.0); }
#if !defined(CALCISOL_CELL) // by libm: a step with one of these has no kernel for a device
template <class Function> CALCISOL_LANES V each(V x, Function function) {
  V y;
  for (int i = 0; i < N; ++i)
    y[i] = function(x[i]);
  return y;
}
CALCISOL_LANES V tanh(V x) {
  return each(x, [](double v) { return std::tanh(v); });
}
CALCISOL_LANES V expm1(V x) {
  return each(x, [](double v) { return std::expm1(v); });
}
CALCISOL_LANES V sin(V x) {
  return each(x, [](double v) { return std::sin(v); });
}
CALCISOL_LANES V cos(V x) {
  return each(x, [](double v) { return std::cos(v); });
}
#endif
CALCISOL_LANES V softplus(V x) {
  return select(mask(x > 20.0), x, log1p(exp(at_most(x, all(20.0)))));
} // torch's threshold
CALCISOL_LANES V relu(V x) { return at_least(x, V{}); }

// float32 lanes: computed in float64 and rounded; few of them stand outside the matrix products
CALCISOL_LANES F abs(F x) { return narrow(abs(wide(x))); }
CALCISOL_LANES F sigmoid(F x) { return narrow(sigmoid(wide(x))); }
CALCISOL_LANES F silu(F x) { return narrow(silu(wide(x))); }
CALCISOL_LANES F relu(F x) { return at_least(x, F{}); }
// 2^(k / 8), twice: sixteen lanes look up sixteen entries
CALCISOL_TABLE float eighths[16] = {0x1p+0f,        0x1.172b84p+0f, 0x1.306fe0p+0f, 0x1.4bfdaep+0f,
                                    0x1.6a09e6p+0f, 0x1.8ace54p+0f, 0x1.ae89fap+0f, 0x1.d5818ep+0f,
                                    0x1p+0f,        0x1.172b84p+0f, 0x1.306fe0p+0f, 0x1.4bfdaep+0f,
                                    0x1.6a09e6p+0f, 0x1.8ace54p+0f, 0x1.ae89fap+0f, 0x1.d5818ep+0f};

// Of a matrix product: x / (1 + exp(-x)) in float32, within 3 units in the last place; exp by a table of 8 and a
// polynomial for |r| <= ln 2 / 16 (3e-10)
CALCISOL_LANES W silu_of_product(W x) {
  const W t = within(-x, all_w(87.0f)); // exp(87) is the last safe power: beyond, the answer is 0 to float32
  const W magic = all_w(0x1.8p23f);
  const W shifted = fma(t, all_w(0x1.715476p+3f), magic); // n in the low bits
  const W n = shifted - magic;
  const W r = fma(n, all_w(-0x1.0bfbe8p-18f), fma(n, all_w(-0x1.62ep-4f), t));
  W q = all_w(0x1.55596ep-5f);
  q = fma(q, r, all_w(0x1.555b7cp-3f));
  q = fma(q, r, all_w(0.5f));
  const WI index = bits_w(shifted);
  const W root =
      from_bits_w(bits_w(CALCISOL_PICK_W(eighths, index)) + (index >> 3 << 23)); // the magic number leaves no bit
  return x / (fma(root, fma(r * r, q, r), root) + 1.0f);
}

} // namespace lanes

// Functions of a step on vectors of lanes: exp, log, pow and their kin, in float64 and, rounded from it, in float32.
//
// exp, log: reduction by a table of 16 (Tang 1989, 1990) and a polynomial; pow: after Cody & Waite (1980) and series.
// Lanes out of the ordinary go through libm, except in exp, which needs no exception. Errors:
// tests/bridge/test_lanes.py.
#pragma once

#include <cmath>

#include "lanes.hpp"

namespace lanes {

// libm for the lanes of `strange`; the others keep y
template <class Function> __attribute__((noinline, cold)) static V repair(V y, V x, M strange, Function function) {
  for (int i = 0; i < N; ++i)
    if (strange[i])
      y[i] = function(x[i]);
  return y;
}
template <class Function> CALCISOL_LANES V each(V x, Function function) {
  V y;
  for (int i = 0; i < N; ++i)
    y[i] = function(x[i]);
  return y;
}

constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33; // ln 2; the high part times 2000 is exact
constexpr double ordinary = 708.0; // |x| up to which exp(x) is a normal number

// Entry index & 15 of a table.
CALCISOL_LANES V pick(const double *table, M index) {
#if defined(__AVX512F__)
  return _mm512_permutex2var_pd(_mm512_loadu_pd(table), reinterpret_cast<__m512i>(index), _mm512_loadu_pd(table + 8));
#elif defined(__AVX2__)
  return _mm256_i64gather_pd(table, reinterpret_cast<__m256i>(index & 15), 8);
#else
  V y;
  for (int i = 0; i < N; ++i)
    y[i] = table[index[i] & 15];
  return y;
#endif
}

// 2^(k / 16)
alignas(64) constexpr double roots[16] = {0x1p+0,
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
  const V root = pick(roots, bits(shifted));
  const V y = fma(root, fma(r * r, q, r), root);
#if defined(__AVX512F__)
  return _mm512_scalef_pd(y, n * 0.0625); // takes the floor
#else
  const M k = (bits(shifted) - bits(magic)) >> 4, half = k >> 1;
  return y * from_bits((half + 1023) << 52) * from_bits((k - half + 1023) << 52);
#endif
}

// exp(x) (1 + more) for |x| <= ordinary: x = n ln 2 + r, series in r to the 13th power (next term below 1e-17)
CALCISOL_LANES V exp_reduced(V x, V more) {
  const V magic = all(0x1.8p52);
  const V shifted = fma(x, all(0x1.71547652b82fep0), magic); // n in the low bits
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
  const V y = fma(r * r, q, r) + 1.0;
  return y * from_bits((bits(shifted) + 1023) << 52);
}

struct Two {
  V high, low;
};

// ln x of normal numbers as an unevaluated sum, for pow: x = 2^k (1 + f), ln(1 + f) by the series of artanh in s = f /
// (2 + f)
CALCISOL_LANES Two log_parts(V x) {
  const std::int64_t root = 0x3fe6a09e667f3bcd; // bits of sqrt(1/2): f lies between -0.293 and 0.414
  const M shifted = bits(x) - root + (std::int64_t(1024) << 52);
  const M k_bits = reinterpret_cast<M>(reinterpret_cast<U>(shifted) >> 52) | all_i(0x4330000000000000);
  const V k = from_bits(k_bits) - (0x1p52 + 1024.0);
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
  const V rest =
      k * ln2_low + fma(s, fma(q, z, half_square), -half_square); // ln(1 + f) - f, and the low part of k ln 2
  const V whole = k * ln2_high;
  const V high = whole + f;
  return {high, rest + (f - (high - whole))};
}

// Intervals of 1/32 (below 1) and 1/16 from 0.703 to 1.406, the tenth around 1: c near 1 / middle, with few bits, and
// -ln c.
alignas(64) constexpr double inverses[16] = {
    1.390625,    1.333984375, 1.279296875, 1.23046875,  1.185546875, 1.142578125, 1.103515625, 1.06640625,
    1.033203125, 1.0,         0.94140625,  0.888671875, 0.841796875, 0.80078125,  0.76171875,  0.7265625};
alignas(64) constexpr double logarithms[16] = {
    -0x1.51aad872df82dp-2, -0x1.27161913f853dp-2, -0x1.f871b28955045p-3, -0x1.a8becfc882f19p-3, -0x1.5c940075972b9p-3,
    -0x1.10f8e422539b1p-3, -0x1.9375e55595edep-4, -0x1.075983598e471p-4, -0x1.0b94f7c196176p-5, 0.0,
    0x1.eea31c006b87cp-5,  0x1.e3707ee30487bp-4,  0x1.60b3100b09476p-3,  0x1.c6ffbc6f00f71p-3,  0x1.16b5ccbacfb73p-2,
    0x1.4718dc271c41bp-2};

// Of numbers that are not negative, normal and finite: x = 2^k m, m c = 1 + r with |r| <= 1/32; (ln(1 + r) - r) / r^2
// by Chebyshev interpolation (2e-17 r)
CALCISOL_LANES V log(V x) {
  const std::int64_t start = 0x3fe6800000000000, smallest = 0x0010000000000000;
  const M above = bits(x) - start;
#if defined(__AVX512F__)
  const V k = __builtin_convertvector(above >> 52, V);
#else
  const M k_bits =
      reinterpret_cast<M>(reinterpret_cast<U>(above + (std::int64_t(1024) << 52)) >> 52) | all_i(0x4330000000000000);
  const V k = from_bits(k_bits) - (0x1p52 + 1024.0);
#endif
  const V m = from_bits(bits(x) - (above & all_i(INT64_MIN >> 11)));
  const M interval = reinterpret_cast<M>(reinterpret_cast<U>(above) >> 48);
  const V r = less_one(m, pick(inverses, interval));
  V q = all(0x1.c49b2ef7bae89p-4);
  q = fma(q, r, all(-0x1.005ea673387ffp-3));
  q = fma(q, r, all(0x1.2492cb1e00442p-3));
  q = fma(q, r, all(-0x1.5555479e1da59p-3));
  q = fma(q, r, all(0x1.9999998c4d63dp-3));
  q = fma(q, r, all(-0x1.0000000051bb8p-2));
  q = fma(q, r, all(0x1.55555555557e6p-2));
  q = fma(q, r, all(-0x1.ffffffffffff6p-2));
  const V whole = fma(k, all(0x1.62e42fefa39efp-1), pick(logarithms, interval));
  const V y = whole + fma(r * r, q, r);
  const U size = reinterpret_cast<U>(bits(x) - smallest);
  const M strange = size >= reinterpret_cast<U>(all_i(0x7fe0000000000000)); // zero, negative, tiny, infinite or NaN
  return __builtin_expect(any(strange), 0) ? repair(y, x, strange, [](double v) { return std::log(v); }) : y;
}

CALCISOL_LANES V log10(V x) { return log(x) * 0x1.bcb7b1526e50ep-2; }

// x to a power known when the kernel was written
CALCISOL_LANES V pow(V x, double y) {
  const Two l = log_parts(x);
  const V sum = l.high + l.low, low = l.low - (sum - l.high);
  const V p = sum * y, more = rounding(sum, y, p) + low * y;
  const V result = exp_reduced(p, more);
  const M strange = ~((x >= 0x1p-1022) & (x <= 0x1.fffffffffffffp1023) & (abs(p) <= ordinary));
  return __builtin_expect(any(strange), 0) ? repair(result, x, strange, [y](double v) { return std::pow(v, y); })
                                           : result;
}

// ln(1 + y), the rounding of 1 + y put right
CALCISOL_LANES V log1p(V y) {
  const V u = y + 1.0;
  const V corrected = log(u) + (y - (u - 1.0)) / u;
  const M strange = ~((y > -0.999) & (y < 1e300));
  return __builtin_expect(any(strange), 0) ? repair(corrected, y, strange, [](double v) { return std::log1p(v); })
                                           : corrected;
}
CALCISOL_LANES V asinh(V x) {
  const V a = abs(x);
  const V y = log1p(a + a * a / (sqrt(a * a + 1.0) + 1.0));
  const M strange = ~(a < 1e150);
  const V signed_y = from_bits(bits(y) | (bits(x) & all_i(INT64_MIN)));
  return __builtin_expect(any(strange), 0) ? repair(signed_y, x, strange, [](double v) { return std::asinh(v); })
                                           : signed_y;
}
CALCISOL_LANES V sigmoid(V x) { return 1.0 / (exp(-x) + 1.0); }
CALCISOL_LANES V silu(V x) { return x / (exp(-x) + 1.0); }
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
CALCISOL_LANES V softplus(V x) { return x > 20.0 ? x : log1p(exp(at_most(x, all(20.0)))); } // torch's threshold
CALCISOL_LANES V relu(V x) { return at_least(x, V{}); }

// float32 lanes: computed in float64 and rounded; few of them stand outside the matrix products
CALCISOL_LANES V wide(F x) { return __builtin_convertvector(x, V); }
CALCISOL_LANES F narrow(V x) { return __builtin_convertvector(x, F); }
CALCISOL_LANES F exp(F x) { return narrow(exp(wide(x))); }
CALCISOL_LANES F log(F x) { return narrow(log(wide(x))); }
CALCISOL_LANES F sqrt(F x) { return narrow(sqrt(wide(x))); }
CALCISOL_LANES F abs(F x) { return narrow(abs(wide(x))); }
CALCISOL_LANES F sigmoid(F x) { return narrow(sigmoid(wide(x))); }
CALCISOL_LANES F silu(F x) { return narrow(silu(wide(x))); }
CALCISOL_LANES F relu(F x) { return at_least(x, F{}); }
// (e - 1) / (e + 1) with e = exp(2 x): its error of 1e-16 is below a float32 step for |x| > 1e-8; smaller x is tanh x
CALCISOL_LANES F tanh(F x) {
  const V w = wide(x), e = exp(2.0 * at_most(at_least(w, all(-20.0)), all(20.0)));
  return narrow(abs(w) < 1e-7 ? w : (e - 1.0) / (e + 1.0));
}

} // namespace lanes

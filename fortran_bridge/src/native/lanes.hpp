// Vectors of float64 lanes, one cell or column each: load, store, masks, fused products, extrema; functions.hpp has
// more.
//
// Every lane is computed alone and always in whole vectors: bits of a cell never depend on its place or its neighbours.
// Products and sums are fused only where fma() says so (-ffp-contract=off), so AVX2 and AVX-512 give the same bits.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace lanes {

#if defined(__AVX512F__)
constexpr int N = 8;
#elif defined(__AVX2__)
constexpr int N = 4;
#else
constexpr int N = 2;
#endif

typedef double V __attribute__((vector_size(N * 8)));
typedef std::int64_t M __attribute__((vector_size(N * 8))); // masks (0 or -1) and integers
typedef M I;
typedef std::uint64_t U __attribute__((vector_size(N * 8)));
typedef float F __attribute__((vector_size(N * 4)));
typedef std::int32_t I32 __attribute__((vector_size(N * 4)));
constexpr int WIDE = 2 * N; // float32 lanes of a whole vector: those of a matrix product
typedef float W __attribute__((vector_size(WIDE * 4)));
typedef std::int32_t WI __attribute__((vector_size(WIDE * 4)));

#define CALCISOL_LANES static inline __attribute__((always_inline))
#define CALCISOL_COLD [[maybe_unused]] static __attribute__((noinline, cold))
#define CALCISOL_TABLE alignas(64) constexpr
#define CALCISOL_PICK(table, index) pick(table, index)
#define CALCISOL_PICK_W(table, index) pick_w(table, index)

CALCISOL_LANES V all(double x) { return x - V{}; }
CALCISOL_LANES F all_f(float x) { return x - F{}; }
CALCISOL_LANES W all_w(float x) { return x - W{}; }
CALCISOL_LANES M all_i(std::int64_t x) { return x - M{}; }
CALCISOL_LANES V load(const double *p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
CALCISOL_LANES M load_m(const double *p) {
  M v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
CALCISOL_LANES F load_f(const float *p) {
  F v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
CALCISOL_LANES W load_w(const float *p) {
  W v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
CALCISOL_LANES WI load_wi(const float *p) {
  WI v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class T, class P> CALCISOL_LANES void store(P *p, T v) { std::memcpy(p, &v, sizeof v); }

CALCISOL_LANES M bits(V x) { return reinterpret_cast<M>(x); }
CALCISOL_LANES V from_bits(M x) { return reinterpret_cast<V>(x); }
CALCISOL_LANES WI bits_w(W x) { return reinterpret_cast<WI>(x); }
CALCISOL_LANES W from_bits_w(WI x) { return reinterpret_cast<W>(x); }
CALCISOL_LANES V wide(F x) { return __builtin_convertvector(x, V); }
CALCISOL_LANES W number_w(WI x) { return __builtin_convertvector(x, W); }
CALCISOL_LANES F narrow(V x) { return __builtin_convertvector(x, F); }
CALCISOL_LANES I right(I x, int n) { return reinterpret_cast<I>(reinterpret_cast<U>(x) >> n); } // without the sign
CALCISOL_LANES M not_below(I x, std::int64_t limit) {                                           // without signs
  return reinterpret_cast<U>(x) >= reinterpret_cast<U>(all_i(limit));
}
CALCISOL_LANES M none_of(M m) { return ~m; }
CALCISOL_LANES V select(M m, V a, V b) { return m ? a : b; }
CALCISOL_LANES F select(M m, F a, F b) { return __builtin_convertvector(m, I32) ? a : b; }
CALCISOL_LANES M select(M m, M a, M b) { return m ? a : b; }
CALCISOL_LANES W select(WI m, W a, W b) { return m ? a : b; }
CALCISOL_LANES WI select(WI m, WI a, WI b) { return m ? a : b; }
CALCISOL_LANES M mask(M m) { return m; }
CALCISOL_LANES WI mask(WI m) { return m; }
CALCISOL_LANES M mask(I32 m) { return __builtin_convertvector(m, M); }

CALCISOL_LANES bool any(M m) {
#if defined(__AVX512F__)
  return _mm512_test_epi64_mask(reinterpret_cast<__m512i>(m), reinterpret_cast<__m512i>(m)) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_epi8(reinterpret_cast<__m256i>(m)) != 0;
#else
  std::int64_t found = 0;
  for (int i = 0; i < N; ++i)
    found |= m[i];
  return found != 0;
#endif
}

CALCISOL_LANES V fma(V a, V b, V c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_pd(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_pd(a, b, c);
#elif defined(__aarch64__)
  return vfmaq_f64(c, a, b);
#else
  return a * b + c;
#endif
}

CALCISOL_LANES W fma(W a, W b, W c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

CALCISOL_LANES F fma(F a, F b, F c) {
#if defined(__AVX512F__)
  return _mm256_fmadd_ps(a, b, c);
#elif defined(__FMA__)
  return _mm_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}
CALCISOL_LANES F fms(F a, F b, F c) { return fma(a, b, -c); }
CALCISOL_LANES F fnma(F a, F b, F c) { return fma(-a, b, c); }

// a * b - c and c - a * b, rounded once
#if defined(__AVX512F__)
CALCISOL_LANES W fms(W a, W b, W c) { return _mm512_fmsub_ps(a, b, c); }
CALCISOL_LANES W fnma(W a, W b, W c) { return _mm512_fnmadd_ps(a, b, c); }
CALCISOL_LANES V fms(V a, V b, V c) { return _mm512_fmsub_pd(a, b, c); }
CALCISOL_LANES V fnma(V a, V b, V c) { return _mm512_fnmadd_pd(a, b, c); }
#elif defined(__FMA__)
CALCISOL_LANES W fms(W a, W b, W c) { return _mm256_fmsub_ps(a, b, c); }
CALCISOL_LANES W fnma(W a, W b, W c) { return _mm256_fnmadd_ps(a, b, c); }
CALCISOL_LANES V fms(V a, V b, V c) { return _mm256_fmsub_pd(a, b, c); }
CALCISOL_LANES V fnma(V a, V b, V c) { return _mm256_fnmadd_pd(a, b, c); }
#else
CALCISOL_LANES W fms(W a, W b, W c) { return fma(a, b, -c); }
CALCISOL_LANES W fnma(W a, W b, W c) { return fma(-a, b, c); }
CALCISOL_LANES V fms(V a, V b, V c) { return fma(a, b, -c); }
CALCISOL_LANES V fnma(V a, V b, V c) { return fma(-a, b, c); }
#endif

// What the product p = a * b lost by rounding.
CALCISOL_LANES V rounding(V a, double b, V p) {
#if defined(__FMA__) || defined(__aarch64__)
  return fma(a, all(b), -p);
#else
  for (int i = 0; i < N; ++i)
    p[i] = std::fma(a[i], b, -p[i]);
  return p;
#endif
}

// a b - 1, rounded once
CALCISOL_LANES V less_one(V a, V b) {
#if defined(__FMA__) || defined(__aarch64__)
  return fma(a, b, all(-1.0));
#else
  for (int i = 0; i < N; ++i)
    a[i] = std::fma(a[i], b[i], -1.0);
  return a;
#endif
}

// Entry index & 15 of a table.
CALCISOL_LANES V pick(const double *table, I index) {
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
// Entry index & 7 of a table of eight that stands there twice.
CALCISOL_LANES W pick_w(const float *table, WI index) {
#if defined(__AVX512F__)
  return _mm512_permutexvar_ps(reinterpret_cast<__m512i>(index), _mm512_loadu_ps(table));
#elif defined(__AVX2__)
  return _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), reinterpret_cast<__m256i>(index));
#else
  W y;
  for (int i = 0; i < WIDE; ++i)
    y[i] = table[index[i] & 7];
  return y;
#endif
}

// y 2^k, k the floor of n / 16; n = shifted - magic stands in the low bits of `shifted`
CALCISOL_LANES V times_power(V y, V shifted, V magic) {
#if defined(__AVX512F__)
  return _mm512_scalef_pd(y, (shifted - magic) * 0.0625); // takes the floor
#else
  const I k = (bits(shifted) - bits(magic)) >> 4, half = k >> 1;
  return y * from_bits((half + 1023) << 52) * from_bits((k - half + 1023) << 52);
#endif
}
// The whole number in the upper 12 bits.
CALCISOL_LANES V exponent(I above) {
#if defined(__AVX512F__)
  return __builtin_convertvector(above >> 52, V);
#else
  return from_bits(right(above + (std::int64_t(1024) << 52), 52) | all_i(0x4330000000000000)) - (0x1p52 + 1024.0);
#endif
}

CALCISOL_LANES V sqrt(V x) {
#if defined(__AVX512F__)
  return _mm512_sqrt_pd(x);
#elif defined(__AVX2__)
  return _mm256_sqrt_pd(x);
#else
  V y;
  for (int i = 0; i < N; ++i)
    y[i] = __builtin_sqrt(x[i]);
  return y;
#endif
}

CALCISOL_LANES W sqrt(W x) {
#if defined(__AVX512F__)
  return _mm512_sqrt_ps(x);
#elif defined(__AVX2__)
  return _mm256_sqrt_ps(x);
#else
  for (int i = 0; i < WIDE; ++i)
    x[i] = __builtin_sqrtf(x[i]);
  return x;
#endif
}

// NaN wins, as in torch
CALCISOL_LANES V minimum(V a, V b) { return (a != a) ? a : (a < b) ? a : b; }
CALCISOL_LANES V maximum(V a, V b) { return (a != a) ? a : (a > b) ? a : b; }
CALCISOL_LANES F minimum(F a, F b) { return (a != a) ? a : (a < b) ? a : b; }
CALCISOL_LANES F maximum(F a, F b) { return (a != a) ? a : (a > b) ? a : b; }
CALCISOL_LANES W minimum(W a, W b) { return (a != a) ? a : (a < b) ? a : b; }
CALCISOL_LANES W maximum(W a, W b) { return (a != a) ? a : (a > b) ? a : b; }
// NaN stays, as in torch (the instructions give their second operand then)
#if defined(__AVX512F__)
CALCISOL_LANES V at_least(V x, V low) { return _mm512_max_pd(low, x); }
CALCISOL_LANES V at_most(V x, V high) { return _mm512_min_pd(high, x); }
CALCISOL_LANES W at_least(W x, W low) { return _mm512_max_ps(low, x); }
CALCISOL_LANES W at_most(W x, W high) { return _mm512_min_ps(high, x); }
#elif defined(__AVX2__)
CALCISOL_LANES V at_least(V x, V low) { return _mm256_max_pd(low, x); }
CALCISOL_LANES V at_most(V x, V high) { return _mm256_min_pd(high, x); }
CALCISOL_LANES W at_least(W x, W low) { return _mm256_max_ps(low, x); }
CALCISOL_LANES W at_most(W x, W high) { return _mm256_min_ps(high, x); }
#else
CALCISOL_LANES V at_least(V x, V low) { return x < low ? low : x; }
CALCISOL_LANES V at_most(V x, V high) { return x > high ? high : x; }
CALCISOL_LANES W at_least(W x, W low) { return x < low ? low : x; }
CALCISOL_LANES W at_most(W x, W high) { return x > high ? high : x; }
#endif
CALCISOL_LANES F at_least(F x, F low) { return x < low ? low : x; }
CALCISOL_LANES F at_most(F x, F high) { return x > high ? high : x; }
CALCISOL_LANES V abs(V x) { return from_bits(bits(x) & all_i(INT64_MAX)); }
CALCISOL_LANES W abs(W x) { return from_bits_w(bits_w(x) & (WI{} + INT32_MAX)); }
CALCISOL_LANES W within(W x, W far) {
#if defined(__AVX512F__)
  return _mm512_max_ps(-far, _mm512_min_ps(far, x));
#elif defined(__AVX2__)
  return _mm256_max_ps(-far, _mm256_min_ps(far, x));
#else
  x = x > far ? far : x;
  return x < -far ? -far : x;
#endif
}

} // namespace lanes

// One lane: the vocabulary of lanes.hpp for a thread that computes a single cell, as CUDA or as plain C++.
//
// The same operations, rounded alike (nvcc -fmad=false, g++ -ffp-contract=off): a cell's bits are those of the host's
// kernel. Plain C++ is how the text is tested without a device: threads are emulated (tests/bridge/emulate.hpp).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__CUDACC__)
#define CALCISOL_LANES static __device__ __forceinline__
#define CALCISOL_LANES_MEMBER __device__ __forceinline__
#define CALCISOL_COLD [[maybe_unused]] static __device__ __noinline__
// In shared memory, where 16 numbers lie in all 32 banks: no conflict whatever the threads ask for (block.hpp fills
// them).
#define CALCISOL_TABLE static __device__ const
#define CALCISOL_PICK(table, index) (lanes::shared_tables().table[static_cast<int>(index) & 15])
#define CALCISOL_PICK_W(table, index) (lanes::shared_tables().table[(index) & 15])
#else
#define CALCISOL_LANES static inline
#define CALCISOL_LANES_MEMBER
#define CALCISOL_COLD [[maybe_unused]] static __attribute__((noinline, cold))
#define CALCISOL_TABLE constexpr
#define CALCISOL_PICK(table, index) (table[static_cast<int>(index) & 15])
#define CALCISOL_PICK_W(table, index) (table[(index) & 15])
#endif

namespace lanes {

constexpr int N = 1;

typedef double V;
typedef bool M;
typedef std::int64_t I;
typedef float F;
typedef float W;
typedef std::int32_t WI;

// The tables of functions.hpp, at the start of a block's shared memory.
struct Tables {
  double roots[16], inverses[16], logarithms[16];
  float eighths[16];
};
constexpr int TABLES = sizeof(Tables) / sizeof(double);
#if defined(__CUDACC__)
extern __shared__ double shared_memory[];
CALCISOL_LANES const Tables &shared_tables() { return *reinterpret_cast<const Tables *>(shared_memory); }
#endif

CALCISOL_LANES V all(double x) { return x; }
CALCISOL_LANES F all_f(float x) { return x; }
CALCISOL_LANES W all_w(float x) { return x; }
CALCISOL_LANES I all_i(std::int64_t x) { return x; }

#if defined(__CUDACC__)
CALCISOL_LANES I bits(V x) { return __double_as_longlong(x); }
CALCISOL_LANES V from_bits(I x) { return __longlong_as_double(x); }
CALCISOL_LANES WI bits_w(W x) { return __float_as_int(x); }
CALCISOL_LANES W from_bits_w(WI x) { return __int_as_float(x); }
CALCISOL_LANES V fma(V a, V b, V c) { return __fma_rn(a, b, c); }
CALCISOL_LANES W fma(W a, W b, W c) { return __fmaf_rn(a, b, c); }
#else
template <class To, class From> CALCISOL_LANES To same_bits(From x) {
  To y;
  std::memcpy(&y, &x, sizeof y);
  return y;
}
CALCISOL_LANES I bits(V x) { return same_bits<I>(x); }
CALCISOL_LANES V from_bits(I x) { return same_bits<V>(x); }
CALCISOL_LANES WI bits_w(W x) { return same_bits<WI>(x); }
CALCISOL_LANES W from_bits_w(WI x) { return same_bits<W>(x); }
CALCISOL_LANES V fma(V a, V b, V c) { return __builtin_fma(a, b, c); }
CALCISOL_LANES W fma(W a, W b, W c) { return __builtin_fmaf(a, b, c); }
#endif
CALCISOL_LANES V fms(V a, V b, V c) { return fma(a, b, -c); }
CALCISOL_LANES V fnma(V a, V b, V c) { return fma(-a, b, c); }
CALCISOL_LANES W fms(W a, W b, W c) { return fma(a, b, -c); }
CALCISOL_LANES W fnma(W a, W b, W c) { return fma(-a, b, c); }
CALCISOL_LANES V rounding(V a, double b, V p) { return fma(a, b, -p); }
CALCISOL_LANES V less_one(V a, V b) { return fma(a, b, -1.0); }

template <class T> CALCISOL_LANES T select(M m, T a, T b) { return m ? a : b; }
CALCISOL_LANES M mask(M m) { return m; }
CALCISOL_LANES M none_of(M m) { return !m; }
CALCISOL_LANES bool any(M m) { return m; }
CALCISOL_LANES I right(I x, int n) { return static_cast<I>(static_cast<std::uint64_t>(x) >> n); }
CALCISOL_LANES M not_below(I x, std::int64_t limit) {
  return static_cast<std::uint64_t>(x) >= static_cast<std::uint64_t>(limit);
}
CALCISOL_LANES V wide(F x) { return x; }
CALCISOL_LANES W number_w(WI x) { return static_cast<W>(x); }
CALCISOL_LANES F narrow(V x) { return static_cast<F>(x); }

CALCISOL_LANES V times_power(V y, V shifted, V) {
  const int k = static_cast<int>(bits(shifted)) >> 4, half = k >> 1; // the low word: n is small
  return y * from_bits(static_cast<I>(half + 1023) << 52) * from_bits(static_cast<I>(k - half + 1023) << 52);
}
CALCISOL_LANES V exponent(I above) { return static_cast<V>(static_cast<int>(above >> 52)); }

CALCISOL_LANES V sqrt(V x) { return ::sqrt(x); }
CALCISOL_LANES W sqrt(W x) { return ::sqrtf(x); }
CALCISOL_LANES V abs(V x) { return from_bits(bits(x) & INT64_MAX); }
// NaN wins in the first two, stays in the others, as in torch
template <class T> CALCISOL_LANES T minimum(T a, T b) { return (a != a) ? a : (a < b) ? a : b; }
template <class T> CALCISOL_LANES T maximum(T a, T b) { return (a != a) ? a : (a > b) ? a : b; }
template <class T> CALCISOL_LANES T at_least(T x, T low) { return x < low ? low : x; }
template <class T> CALCISOL_LANES T at_most(T x, T high) { return x > high ? high : x; }
CALCISOL_LANES W within(W x, W far) { return at_least(at_most(x, far), -far); }

} // namespace lanes

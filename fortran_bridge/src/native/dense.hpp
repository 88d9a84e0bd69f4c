// The matrix products of a step's network: float32, lanes over cells, weights as torch keeps them ([output][input]).
//
// Each output of each cell is summed over the inputs in order, by fma: bits depend on nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "functions.hpp"

namespace lanes {

constexpr int WIDE = 2 * N; // float32 lanes of a whole vector
typedef float W __attribute__((vector_size(WIDE * 4)));
typedef std::int32_t WI __attribute__((vector_size(WIDE * 4)));

CALCISOL_LANES W all_w(float x) { return x - W{}; }
CALCISOL_LANES W load_w(const float *p) {
  W v;
  std::memcpy(&v, p, sizeof v);
  return v;
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

// 2^(k / 8), twice: sixteen lanes look up sixteen entries
alignas(64) constexpr float eighths[16] = {0x1p+0f,        0x1.172b84p+0f, 0x1.306fe0p+0f, 0x1.4bfdaep+0f,
                                           0x1.6a09e6p+0f, 0x1.8ace54p+0f, 0x1.ae89fap+0f, 0x1.d5818ep+0f,
                                           0x1p+0f,        0x1.172b84p+0f, 0x1.306fe0p+0f, 0x1.4bfdaep+0f,
                                           0x1.6a09e6p+0f, 0x1.8ace54p+0f, 0x1.ae89fap+0f, 0x1.d5818ep+0f};
// Entry index & 7.
CALCISOL_LANES W eighth(WI index) {
#if defined(__AVX512F__)
  return _mm512_permutexvar_ps(reinterpret_cast<__m512i>(index), _mm512_loadu_ps(eighths));
#elif defined(__AVX2__)
  return _mm256_permutevar8x32_ps(_mm256_loadu_ps(eighths), reinterpret_cast<__m256i>(index));
#else
  W y;
  for (int i = 0; i < WIDE; ++i)
    y[i] = eighths[index[i] & 7];
  return y;
#endif
}

// x / (1 + exp(-x)), within 3 units in the last place; exp by a table of 8 and a polynomial for |r| <= ln 2 / 16
// (3e-10)
CALCISOL_LANES W silu(W x) {
  const W far = all_w(87.0f); // exp(87) is the last safe power: beyond, the answer is 0 to float32
  W t = -x;
#if defined(__AVX512F__)
  t = _mm512_max_ps(-far, _mm512_min_ps(far, t));
#elif defined(__AVX2__)
  t = _mm256_max_ps(-far, _mm256_min_ps(far, t));
#else
  t = t > far ? far : t;
  t = t < -far ? -far : t;
#endif
  const W magic = all_w(0x1.8p23f);
  const W shifted = fma(t, all_w(0x1.715476p+3f), magic); // n in the low bits
  const W n = shifted - magic;
  const W r = fma(n, all_w(-0x1.0bfbe8p-18f), fma(n, all_w(-0x1.62ep-4f), t));
  W q = all_w(0x1.55596ep-5f);
  q = fma(q, r, all_w(0x1.555b7cp-3f));
  q = fma(q, r, all_w(0.5f));
  const WI index = reinterpret_cast<WI>(shifted);
  const W root =
      reinterpret_cast<W>(reinterpret_cast<WI>(eighth(index)) + (index >> 3 << 23)); // the magic number leaves no bit
  return x / (fma(root, fma(r * r, q, r), root) + 1.0f);
}

// `rows` outputs from row `first` for VECTORS * WIDE cells; x and out have `stride` floats from one feature to the next
template <int INPUTS, bool ACTIVE, int VECTORS, int ROWS>
CALCISOL_LANES void block(const float *x, const float *w, const float *b, float *out, int stride) {
  W sum[ROWS][VECTORS];
  for (int m = 0; m < ROWS; ++m)
    for (int v = 0; v < VECTORS; ++v)
      sum[m][v] = all_w(b[m]);
  for (int k = 0; k < INPUTS; ++k) {
    W in[VECTORS];
    for (int v = 0; v < VECTORS; ++v)
      in[v] = load_w(x + k * stride + v * WIDE);
    for (int m = 0; m < ROWS; ++m)
      for (int v = 0; v < VECTORS; ++v)
        sum[m][v] = fma(all_w(w[m * INPUTS + k]), in[v], sum[m][v]);
  }
  for (int m = 0; m < ROWS; ++m)
    for (int v = 0; v < VECTORS; ++v)
      store(out + m * stride + v * WIDE, ACTIVE ? silu(sum[m][v]) : sum[m][v]);
}

template <int INPUTS, bool ACTIVE, int VECTORS>
__attribute__((noinline)) static void rows_of(const float *x, const float *w, const float *b, float *out, int stride,
                                              int outputs) {
  constexpr int ROWS = N == 8 ? 8 : 4; // accumulators that fit the registers
  int m = 0;
  for (; m + ROWS <= outputs; m += ROWS)
    block<INPUTS, ACTIVE, VECTORS, ROWS>(x, w + m * INPUTS, b + m, out + std::ptrdiff_t(m) * stride, stride);
  for (; m < outputs; ++m)
    block<INPUTS, ACTIVE, VECTORS, 1>(x, w + m * INPUTS, b + m, out + std::ptrdiff_t(m) * stride, stride);
}

// All cells (a multiple of WIDE) of `outputs` rows.
template <int INPUTS, bool ACTIVE>
CALCISOL_LANES void dense(const float *x, const float *w, const float *b, float *out, int stride, int outputs,
                          int cells) {
  int i = 0;
  for (; i + 2 * WIDE <= cells; i += 2 * WIDE)
    rows_of<INPUTS, ACTIVE, 2>(x + i, w, b, out + i, stride, outputs);
  for (; i < cells; i += WIDE)
    rows_of<INPUTS, ACTIVE, 1>(x + i, w, b, out + i, stride, outputs);
}

} // namespace lanes

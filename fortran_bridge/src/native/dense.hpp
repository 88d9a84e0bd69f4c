// The matrix products of a step's network: float32, lanes over cells, weights as torch keeps them ([output][input]).
//
// Each output of each cell is summed over the inputs in order, by fma: bits depend on nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "single.hpp"

namespace lanes {

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
      store(out + m * stride + v * WIDE, ACTIVE ? silu_of_product(sum[m][v]) : sum[m][v]);
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

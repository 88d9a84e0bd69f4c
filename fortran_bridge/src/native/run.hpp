// How a program of a kernel runs: cut the columns of a call into tiles, and its functions over each.
#pragma once

#include "tile.hpp"

#ifndef CALCISOL_KERNEL_NAME
#define CALCISOL_KERNEL_NAME calcisol_kernel_get
#endif
#ifndef CALCISOL_KERNEL_EXPORT
#define CALCISOL_KERNEL_EXPORT
#endif

extern "C" CALCISOL_KERNEL_EXPORT const calcisol_kernel *CALCISOL_KERNEL_NAME(void);

namespace lanes {
namespace {

constexpr const char *target = N == 8 ? "AVX-512" : N == 4 ? "AVX2" : "baseline";

// Columns of a tile: as many as fit, or fewer where that leaves less padding to compute over the whole call.
int width_of_tiles(int layers, int columns) {
  const int most = smaller(columns, larger(1, CELLS / layers));
  int best = most;
  std::int64_t least = INT64_MAX;
  for (int width = most; 2 * width > most; --width) {
    const std::int64_t cells =
        std::int64_t(columns / width) * padded(width * layers) + padded(columns % width * layers);
    if (cells < least) {
      least = cells;
      best = width;
    }
  }
  return best;
}

template <class P> void run(const calcisol_kernel_call *call) {
  Tile t{};
  t.layers = call->layers;
  t.f = static_cast<double *>(call->scratch);
  t.c = t.f + P::fields * STRIDE;
  t.s = t.c + P::per_column * STRIDE;
  t.l = t.s + P::per_call * N;
  t.g = reinterpret_cast<float *>(t.l + P::locals * STRIP);
  t.h = t.g + P::float_fields * STRIDE;
  t.p = call->doubles;
  t.q = call->floats;
  t.dt = call->dt;
  P::once(t);
  const int width = width_of_tiles(call->layers, call->columns);
  for (int at = 0; at < call->columns; at += width) {
    t.columns = smaller(width, call->columns - at);
    t.cells = t.layers * t.columns;
    t.padded = padded(t.cells);
    t.columns_padded = padded(t.columns);
    P::read_inputs(t, *call, at);
    P::each_tile(t);
    P::write_outputs(t, *call, at);
  }
}

template <class P>
constexpr calcisol_kernel_program program = {
    ((P::fields + P::per_column) * STRIDE + P::per_call * N + P::locals * STRIP) * 8 + P::float_fields * STRIDE * 4 +
        P::float_locals * STRIP * 4 + 64,
    run<P>};

} // namespace
} // namespace lanes

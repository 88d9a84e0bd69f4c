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

// Whether every cell of some columns has this value of an input.
bool all_are(const calcisol_kernel_call &call, const double *row, int columns, double value) {
  bool same = true;
  for (int l = 0; l < call.layers; ++l)
    for (int i = 0; i < columns; ++i)
      same &= row[static_cast<std::ptrdiff_t>(l) * call.columns + i] == value;
  return same;
}

// The scratch of a program: its values per call at `calls`, all else from `rest` on.
template <class P> Tile tile_of(const calcisol_kernel_call &call, double *calls, double *rest) {
  Tile t{};
  t.layers = call.layers;
  t.s = calls;
  t.f = rest;
  t.c = t.f + P::fields * STRIDE;
  t.l = t.c + P::per_column * STRIDE;
  t.g = reinterpret_cast<float *>(t.l + P::locals * STRIP);
  t.h = t.g + P::float_fields * STRIDE;
  t.p = call.doubles;
  t.q = call.floats;
  t.dt = call.dt;
  return t;
}
template <class P>
constexpr std::int64_t scratch_of = ((P::fields + P::per_column) * STRIDE + P::locals * STRIP) * 8 +
                                    (P::float_fields * STRIDE + P::float_locals * STRIP) * 4;

template <class P> void step_tile(Tile &t, const calcisol_kernel_call &call, int at, int columns) {
  t.columns = columns;
  t.cells = t.layers * columns;
  t.padded = padded(t.cells);
  t.columns_padded = padded(columns);
  P::read_inputs(t, call, at);
  P::each_tile(t);
  P::write_outputs(t, call, at);
}

// `Usual` is the same program for tiles whose inputs are as it was written for, with the same bits.
template <class P, class Usual> void run(const calcisol_kernel_call *call) {
  double *const calls = static_cast<double *>(call->scratch), *const usual_calls = calls + P::per_call * N;
  double *const rest = usual_calls + Usual::per_call * N;
  Tile t = tile_of<P>(*call, calls, rest), u = tile_of<Usual>(*call, usual_calls, rest);
  bool ready = false, usual_ready = false;
  const int width = width_of_tiles(call->layers, call->columns);
  for (int at = 0; at < call->columns; at += width) {
    const int columns = smaller(width, call->columns - at);
    if (Usual::fits(*call, at, columns)) {
      if (!usual_ready)
        Usual::once(u);
      usual_ready = true;
      step_tile<Usual>(u, *call, at, columns);
    } else {
      if (!ready)
        P::once(t);
      ready = true;
      step_tile<P>(t, *call, at, columns);
    }
  }
}

template <class P, class Usual = P>
constexpr calcisol_kernel_program program = {
    (P::per_call + Usual::per_call) * N * 8 +
        (scratch_of<P> < scratch_of<Usual> ? scratch_of<Usual> : scratch_of<P>)+64,
    run<P, Usual>};

} // namespace
} // namespace lanes

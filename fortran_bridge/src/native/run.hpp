// The end of every generated kernel: cut the columns of a call into tiles, run the functions above over each.
#pragma once

#ifndef CALCISOL_KERNEL_NAME
#define CALCISOL_KERNEL_NAME calcisol_kernel_get
#endif
#ifndef CALCISOL_KERNEL_EXPORT
#define CALCISOL_KERNEL_EXPORT
#endif

namespace lanes {
namespace {

constexpr std::int64_t doubles_of_scratch = (fields + per_column) * STRIDE + per_call * N + locals * STRIP;
constexpr std::int64_t bytes_of_scratch = doubles_of_scratch * 8 + float_fields * STRIDE * 4 + 64;

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

void step(const calcisol_kernel_call *call) {
  Tile t{};
  t.layers = call->layers;
  t.f = static_cast<double *>(call->scratch);
  t.c = t.f + fields * STRIDE;
  t.s = t.c + per_column * STRIDE;
  t.l = t.s + per_call * N;
  t.g = reinterpret_cast<float *>(t.l + locals * STRIP);
  t.p = call->doubles;
  t.q = call->floats;
  t.dt = call->dt;
  once(t);
  const int width = width_of_tiles(call->layers, call->columns);
  for (int at = 0; at < call->columns; at += width) {
    t.columns = smaller(width, call->columns - at);
    t.cells = t.layers * t.columns;
    t.padded = padded(t.cells);
    t.columns_padded = padded(t.columns);
    read_inputs(t, *call, at);
    each_tile(t);
    write_outputs(t, *call, at);
  }
}

constexpr calcisol_kernel kernel = {calcisol_kernel_version,
                                    fingerprint,
                                    N == 8   ? "AVX-512"
                                    : N == 4 ? "AVX2"
                                             : "baseline",
                                    static_cast<int>(sizeof tensors / sizeof *tensors),
                                    tensors,
                                    doubles,
                                    floats,
                                    bytes_of_scratch,
                                    CELLS,
                                    step};

} // namespace
} // namespace lanes

extern "C" CALCISOL_KERNEL_EXPORT const calcisol_kernel *CALCISOL_KERNEL_NAME(void) { return &lanes::kernel; }

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
  // as many columns as fit, and about the same in every tile: columns are never computed for nothing
  const int most = larger(1, CELLS / call->layers), tiles = (call->columns + most - 1) / most;
  for (int tile = 0, at = 0; tile < tiles; ++tile, at += t.columns) {
    t.columns = (call->columns - at + tiles - tile - 1) / (tiles - tile);
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

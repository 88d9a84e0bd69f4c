// A block of threads: some columns of a call, a thread for each cell; what tile.hpp is on a host.
//
// Threads of a block stand [layer][column], so that neighbours read neighbouring columns. Values that other layers need
// lie in shared memory between two barriers.
#pragma once

#ifndef CALCISOL_CELL
#define CALCISOL_CELL
#endif
#include "device_call.hpp"
#include "single.hpp"

// A kernel NAME of one argument, and the function it runs; in plain C++ the emulation calls it for one thread.
#if defined(__CUDACC__)
#ifndef CALCISOL_BLOCKS
#define CALCISOL_BLOCKS 2 // blocks that share a multiprocessor: 168 registers a thread
#endif
#define CALCISOL_KERNEL(name, Argument, body)                                                                          \
  extern "C" __global__ void __launch_bounds__(calcisol_device_threads, CALCISOL_BLOCKS) name(const Argument a) {      \
    body(a, lanes::Thread{lanes::shared_memory, int(threadIdx.x), blockIdx.x});                                        \
  }
#else
#define CALCISOL_KERNEL(name, Argument, body)                                                                          \
  extern "C" void name(const void *a, double *shared, int index, unsigned block) {                                     \
    body(*static_cast<const Argument *>(a), lanes::Thread{shared, index, block});                                      \
  }
extern "C" void calcisol_emulated_barrier(void);
#endif

namespace lanes {

#if defined(__CUDACC__)
#define CALCISOL_ROLLED _Pragma("unroll 1")
CALCISOL_LANES void barrier() { __syncthreads(); }
CALCISOL_LANES void add(unsigned long long *to, unsigned long long n) { atomicAdd(to, n); }
CALCISOL_LANES void add(int *to, int n) { atomicAdd(to, n); }
#else
#define CALCISOL_ROLLED
CALCISOL_LANES void barrier() { calcisol_emulated_barrier(); }
CALCISOL_LANES void add(unsigned long long *to, unsigned long long n) { *to += n; }
CALCISOL_LANES void add(int *to, int n) { *to += n; }
#endif

struct Thread {
  double *shared; // first the tables, then what the block exchanges
  int index;
  unsigned block;
};

// Before a thread calls a function of functions.hpp.
CALCISOL_LANES void fill_tables(const Thread &t) {
#if defined(__CUDACC__)
  auto *to = reinterpret_cast<Tables *>(t.shared);
  for (int k = t.index; k < 16; k += blockDim.x) {
    to->roots[k] = roots[k], to->inverses[k] = inverses[k], to->logarithms[k] = logarithms[k];
    to->eighths[k] = eighths[k];
  }
#endif
  barrier();
}

// Where a thread stands. Threads past the last column do as the last one does, and write nothing.
struct Place {
  int layers, width, layer, lane; // lane: column within the block
  bool there;
  int first, columns, column, cells, cell; // first: column of the block. A call has fewer than 2^31 cells
  CALCISOL_LANES_MEMBER std::int64_t row(int i) const { return std::int64_t(i) * cells + cell; } // of a block
  CALCISOL_LANES_MEMBER std::int64_t column_row(int i) const { return std::int64_t(i) * columns + column; }
};
CALCISOL_LANES Place place_of(const calcisol_device_shape &s, const Thread &t) {
  Place p;
  p.layers = s.layers, p.width = s.width;
  p.layer = t.index / s.width, p.lane = t.index - p.layer * s.width;
  p.first = static_cast<int>(t.block) * s.width;
  const int column = p.first + p.lane;
  p.there = column < s.columns;
  p.columns = s.columns, p.column = p.there ? column : s.columns - 1;
  p.cells = s.layers * s.columns, p.cell = p.layer * s.columns + p.column;
  return p;
}

// Whether a column needs the state that is about to be made; and whether any column of the block does, which all of its
// threads find alike.
CALCISOL_LANES bool wanted(const calcisol_device_call &a, int column) {
  return a.lane[column] == calcisol_lane_good && !a.has_state[column];
}
CALCISOL_LANES bool wanted_here(const calcisol_device_call &a, const Place &p) {
  bool any = false;
  for (int c = p.first; c < p.first + p.width && c < p.columns; ++c)
    any |= wanted(a, c);
  return any;
}

CALCISOL_LANES int clamp_row(int l, int layers) { return l < 0 ? 0 : l >= layers ? layers - 1 : l; }

// A matrix product as in dense.hpp: each output is summed over the inputs in order, by fma.
template <int INPUTS, int OUTPUTS, bool ACTIVE>
CALCISOL_LANES void dense(const F (&x)[INPUTS], const float *w, const float *b, F (&y)[OUTPUTS]) {
#if defined(__CUDACC__)
#pragma unroll(INPUTS *OUTPUTS <= 1024 ? OUTPUTS : 1)
#endif
  for (int m = 0; m < OUTPUTS; ++m) {
    F sum = b[m];
#if defined(__CUDACC__)
#pragma unroll
#endif
    for (int k = 0; k < INPUTS; ++k)
      sum = fma(w[m * INPUTS + k], x[k], sum);
    y[m] = ACTIVE ? silu_of_product(sum) : sum;
  }
}

// Walks along the layers of one column in shared memory: x points to its first layer, the next one is `width` on.
CALCISOL_LANES void sum_of_column(double *out, const double *x, const Place &p) {
  V s = x[0];
  CALCISOL_ROLLED
  for (int l = 1; l < p.layers; ++l)
    s = s + x[l * p.width];
  out[0] = s;
}
CALCISOL_LANES void cumsum_of_column(double *out, const double *x, const Place &p) {
  V s = out[0] = x[0];
  CALCISOL_ROLLED
  for (int l = 1; l < p.layers; ++l)
    out[l * p.width] = s = s + x[l * p.width];
}
// Thomas algorithm, operation for operation as in tile.hpp.
CALCISOL_LANES void solve_column(double *out, const double *lower, const double *diagonal, const double *upper,
                                 const double *right_side, double *ratio, const Place &p) {
  V r = upper[0] / diagonal[0], x = right_side[0] / diagonal[0];
  ratio[0] = r, out[0] = x;
  CALCISOL_ROLLED
  for (int l = 1; l < p.layers; ++l) {
    const int i = l * p.width;
    const V pivot = 1.0 / (diagonal[i] - lower[i] * r);
    x = (right_side[i] - lower[i] * x) * pivot;
    r = upper[i] * pivot;
    ratio[i] = r, out[i] = x;
  }
  CALCISOL_ROLLED
  for (int l = p.layers - 2; l >= 0; --l) {
    const int i = l * p.width;
    out[i] = x = out[i] - ratio[i] * x;
  }
}

} // namespace lanes

// A tile: some columns of a call, copied to where the kernel works on them, and the routines along layers.
//
// The routines are called, not written out at each of their two hundred places: a land model that steps one column runs
// once through all of this code, out of cold caches (docs/performance_log.md).
//
// A field holds `cells` = layers * columns numbers, [layer][column] without gaps, then copies of its last cell up to a
// whole number of vectors. Fields stand `STRIDE` numbers apart: an odd number of cache lines, so that the same cell of
// all fields does not fall on the same lines of the cache.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernel.hpp"
#include "lanes.hpp"

namespace lanes {

#define CALCISOL_ROUTINE [[maybe_unused]] static __attribute__((noinline))

constexpr int PAD =
    N; // cells of a field are a multiple of this; loops over float32 may take a half vector more, of anything
constexpr int CELLS = 352;         // at most in a tile; by measurement (docs/performance_log.md)
constexpr int STRIDE = CELLS + 24; // numbers from one field to the next: whole vectors of float32 fit after the cells
constexpr int STRIP = 64;          // cells that the loops between two routines along layers take at a time

struct Tile {
  int layers, columns, cells, padded, columns_padded;
  double *f;       // fields, masks and integers of 64 bits
  double *c;       // values per column
  double *s;       // values per call, one vector each
  double *l;       // STRIP cells of values that only the loops of one strip read
  float *g;        // float32 fields
  float *h;        // as l, float32
  const double *p; // float64 tensors of the bundle
  const float *q;  // float32 tensors
  double dt;
  double *field(int i) const { return f + static_cast<std::ptrdiff_t>(i) * STRIDE; }
  double *column(int i) const { return c + static_cast<std::ptrdiff_t>(i) * STRIDE; }
  double *local(int i) const { return l + static_cast<std::ptrdiff_t>(i) * STRIP; }
  float *floats(int i) const { return g + static_cast<std::ptrdiff_t>(i) * STRIDE; }
  float *local_floats(int i) const { return h + static_cast<std::ptrdiff_t>(i) * STRIP; }
};

// Own ones instead of <algorithm>: a template of the standard library compiled here for AVX-512 must not be the one the
// linker picks for the rest of the library.
static inline int larger(int a, int b) { return a > b ? a : b; }
static inline int smaller(int a, int b) { return a < b ? a : b; }
static inline void fill(double *from, const double *to, double value) {
  while (from != to)
    *from++ = value;
}

static inline int padded(int n) { return (n + PAD - 1) / PAD * PAD; }
static inline void pad(double *x, int used, int whole) { fill(x + used, x + whole, x[used - 1]); }

// In whole vectors, up to N - 1 numbers too many: the caller writes those afterwards, and fields have room after them.
// Where there are many, memcpy is faster.
static inline void copy(double *to, const double *from, int count) {
  if (count > 16 * N) {
    std::memcpy(to, from, sizeof(double) * count);
    return;
  }
  for (int i = 0; i < count; i += N)
    store(to + i, load(from + i));
}

// What a marked loop carries starts as `starts`.
static inline void carry(double *const *to, const double *const *starts, int count, int cells) {
  for (int k = 0; k < count; ++k)
    for (int i = 0; i < cells; i += N)
      store(to[k] + i, load(starts[k] + i));
}
static inline void carry(float *const *to, const float *const *starts, int count, int cells) {
  for (int k = 0; k < count; ++k)
    for (int i = 0; i < cells; i += WIDE)
      store(to[k] + i, load_w(starts[k] + i));
}

// ---- between the blocks of the call and the tile; `at` is the first column, `width` the columns of the block

// Rows of a tile, `from_step` and `to_step` numbers from one to the next; whole vectors need no call of memcpy.
static inline void copy_rows(const Tile &t, double *to, int to_step, const double *from, int from_step) {
  for (int l = 0; l < t.layers; ++l, to += to_step, from += from_step) {
    if (t.columns % N == 0 && t.columns <= 4 * N)
      for (int i = 0; i < t.columns; i += N)
        store(to + i, load(from + i));
    else
      std::memcpy(to, from, sizeof(double) * t.columns);
  }
}
CALCISOL_ROUTINE void read_field(const Tile &t, int to, const double *row, int at, int width) {
  double *x = t.field(to);
  if (t.columns == width) // one tile holds the call
    std::memcpy(x, row, sizeof(double) * t.cells);
  else
    copy_rows(t, x, t.columns, row + at, width);
  pad(x, t.cells, t.padded);
}
CALCISOL_ROUTINE void read_column(const Tile &t, int to, const double *row, int at) {
  std::memcpy(t.column(to), row + at, sizeof(double) * t.columns);
  pad(t.column(to), t.columns, t.columns_padded);
}
CALCISOL_ROUTINE void write_field(const Tile &t, const double *x, double *row, int at, int width) {
  if (t.columns == width)
    std::memcpy(row, x, sizeof(double) * t.cells);
  else
    copy_rows(t, row + at, width, x, t.columns);
}
CALCISOL_ROUTINE void write_column(const Tile &t, const double *x, double *row, int at) {
  std::memcpy(row + at, x, sizeof(double) * t.columns);
}
CALCISOL_ROUTINE void write_integers(const Tile &t, const double *x, std::int32_t *row, int at, int width) {
  for (int l = 0; l < t.layers; ++l)
    for (int i = 0; i < t.columns; ++i) {
      std::int64_t value;
      std::memcpy(&value, x + l * t.columns + i, sizeof value);
      row[l * width + at + i] = static_cast<std::int32_t>(value);
    }
}

// ---- along layers

// One column whose layers fit a vector, the usual case of a land model: rows move within the vector, without a branch.
#if defined(__has_builtin)
#if __has_builtin(__builtin_shuffle)
#define CALCISOL_SHUFFLE
#endif
#endif
#if defined(CALCISOL_SHUFFLE)
static inline bool one_vector(const Tile &t) { return t.columns == 1 && t.padded == N; }
static inline V rows_at(V x, I at, std::int64_t last) { // rows that x does not have are its outermost
  at = at < 0 ? I{} : at;
  return __builtin_shuffle(x, at > last ? all_i(last) : at);
}
#else
static inline bool one_vector(const Tile &) { return false; }
static inline V rows_at(V x, I, std::int64_t) { return x; }
#endif
static inline I row_numbers() {
  I i;
  for (int k = 0; k < N; ++k)
    i[k] = k;
  return i;
}
static inline void store_rows(double *out, V x, int from, int to) {
  const I i = row_numbers();
  store(out, select((i >= from) & (i < to), x, load(out)));
}

// Rows [from, to) hold a column's value.
static inline void rows_of_column(const Tile &t, double *out, const double *column, int from, int to) {
  if (t.columns == 1) // a call of memcpy for 8 bytes costs more than the row
    return fill(out + from, out + larger(from, to), column[0]);
  for (int l = from; l < to; ++l)
    std::memcpy(out + l * t.columns, column, sizeof(double) * t.columns);
}
// Rows [from, to) of `out` are the rows `by` below in `x`; rows that x does not have are its outermost.
CALCISOL_ROUTINE void rows(const Tile &t, double *out, const double *x, int from, int to, int by) {
  if (one_vector(t))
    return store_rows(out, rows_at(load(x), row_numbers() + by, t.layers - 1), from, to);
  const int w = t.columns, low = larger(from, -by), high = smaller(to, t.layers - by);
  if (high > low)
    copy(out + low * w, x + (low + by) * w, w * (high - low));
  rows_of_column(t, out, x, from, smaller(low, to));
  rows_of_column(t, out, x + (t.layers - 1) * w, larger(high, from), to);
}
// Or a number.
CALCISOL_ROUTINE void rows_of_number(const Tile &t, double *out, double number, int from, int to) {
  if (one_vector(t))
    return store_rows(out, all(number), from, to);
  if (to > from)
    fill(out + from * t.columns, out + to * t.columns, number);
}
// The rows from `done` on are no part of a slice; then the padding.
CALCISOL_ROUTINE void finish(const Tile &t, double *out, int done) {
  if (one_vector(t) && done > 0)
    return store(out, rows_at(load(out), row_numbers(), done - 1));
  if (done < t.layers)
    fill(out + larger(done, 0) * t.columns, out + t.cells, done > 0 ? out[done * t.columns - 1] : 1.0);
  pad(out, t.cells, t.padded);
}
CALCISOL_ROUTINE void spread(const Tile &t, double *out, const double *column) {
  if (one_vector(t))
    return store(out, all(column[0]));
  rows_of_column(t, out, column, 0, t.layers);
  pad(out, t.cells, t.padded);
}
CALCISOL_ROUTINE void row(const Tile &t, double *column, const double *x, int l) {
  if (t.columns == 1)
    return store(column, all(x[l]));
  std::memcpy(column, x + l * t.columns, sizeof(double) * t.columns);
  pad(column, t.columns, t.columns_padded);
}
CALCISOL_ROUTINE void sum(const Tile &t, double *column, const double *x) {
  const int w = t.columns;
  if (w == 1) {
    double total = x[0];
    for (int l = 1; l < t.layers; ++l)
      total += x[l];
    return store(column, all(total));
  }
  std::memcpy(column, x, sizeof(double) * w);
  for (int l = 1; l < t.layers; ++l)
    for (int i = 0; i < w; ++i)
      column[i] += x[l * w + i];
  pad(column, w, t.columns_padded);
}
static inline void cumsum(const Tile &t, double *out, const double *x) {
  const int w = t.columns;
  std::memcpy(out, x, sizeof(double) * w);
  for (int i = w; i < t.cells; ++i)
    out[i] = out[i - w] + x[i];
  pad(out, t.cells, t.padded);
}
static inline void flip(const Tile &t, double *out, const double *x) {
  const int w = t.columns;
  for (int l = 0; l < t.layers; ++l)
    std::memcpy(out + l * w, x + (t.layers - 1 - l) * w, sizeof(double) * w);
  pad(out, t.cells, t.padded);
}
// Thomas algorithm, operation for operation as emulator/processes/tridiagonal.py, for `n` systems side by side: a row
// waits for the one before, and they do not wait for each other. Fields from `scratch` on are free. The first row of
// `lower` and the last one of `upper` are not read.
CALCISOL_ROUTINE void solve(const Tile &t, int n, double *const *out, const double *const *lower,
                            const double *const *diagonal, const double *const *upper, const double *const *right,
                            int scratch) {
  const int w = t.columns, last = t.layers - 1;
  for (int k = 0; k < n; ++k) {
    double *const x = out[k], *const ratio = t.field(scratch + k);
    const double *const b = diagonal[k], *const c = upper[k], *const r = right[k];
    for (int i = 0; i < w; ++i) {
      x[i] = r[i] / b[i];
      if (last > 0)
        ratio[i] = c[i] / b[i];
    }
  }
  for (int l = 1; l <= last; ++l)
    for (int k = 0; k < n; ++k) {
      double *const x = out[k], *const ratio = t.field(scratch + k);
      const double *const a = lower[k], *const b = diagonal[k], *const c = upper[k], *const r = right[k];
      int i = l * w;
      for (const int end = i + w - w % N; i < end; i += N) { // columns side by side
        const V pivot = 1.0 / (load(b + i) - load(a + i) * load(ratio + i - w));
        store(x + i, (load(r + i) - load(a + i) * load(x + i - w)) * pivot);
        if (l < last)
          store(ratio + i, load(c + i) * pivot);
      }
      for (; i < (l + 1) * w; ++i) {
        const double pivot = 1.0 / (b[i] - a[i] * ratio[i - w]);
        x[i] = (r[i] - a[i] * x[i - w]) * pivot;
        if (l < last)
          ratio[i] = c[i] * pivot;
      }
    }
  for (int l = last - 1; l >= 0; --l)
    for (int k = 0; k < n; ++k) {
      double *const x = out[k], *const ratio = t.field(scratch + k);
      int i = l * w;
      for (const int end = i + w - w % N; i < end; i += N)
        store(x + i, load(x + i) - load(ratio + i) * load(x + i + w));
      for (; i < (l + 1) * w; ++i)
        x[i] = x[i] - ratio[i] * x[i + w];
    }
  for (int k = 0; k < n; ++k)
    pad(out[k], t.cells, t.padded);
}

} // namespace lanes

// Kernels of a device around the step: the host's arrays into blocks, screened; answers checked, and out again.
//
// The device counterpart of columns/views.cpp and columns/screening.cpp, column for column and bit for bit; tested
// against them. What several threads find about one column they write into shared memory: the same value, in any order.
#pragma once

#include "block.hpp"

namespace lanes {

CALCISOL_LANES bool not_finite(double x) { return !(x - x == 0.0); }

// Its column's part of a variable without layers is one thread's work: the rows are dealt out over the layers.
CALCISOL_LANES bool mine(const Place &p, int row) { return row % p.layers == p.layer; }

CALCISOL_LANES std::int64_t place_in(const Place &p, std::int64_t column_stride, std::int64_t layer_stride,
                                     int layered) {
  return p.column * column_stride + (layered ? p.layer * layer_stride : 0);
}

struct Found { // of the columns of a block, [lane] in shared memory
  int *skip, *invalid, *clipped;
};

// One value: read, looked at, clipped; true where this cell alone is clipped.
CALCISOL_LANES bool screened(const calcisol_device_gather &a, const calcisol_device_input &in, const Place &p,
                             const Found &found, double &x) {
  const std::int64_t at = place_in(p, in.column_stride, in.layer_stride, in.layered);
  x = in.is_float32 ? static_cast<double>(static_cast<const float *>(in.data)[at])
                    : static_cast<const double *>(in.data)[at];
  if (!a.screened)
    return false;
  const calcisol_device_codes &codes = a.codes;
  const bool bad = !(abs(x) < codes.missing_from) || x == codes.missing_values[0] || x == codes.missing_values[1];
  if (in.is_active && !bad && x < 0.5)
    found.skip[p.lane] = 1;
  if (x >= in.low && x <= in.high)
    return false;
  if (bad) {
    found.invalid[p.lane] = 1;
    return false;
  }
  const bool told = x < in.loose_low || x > in.loose_high;
  x = x < in.low ? in.low : in.high < x ? in.high : x;
  if (told && !in.layered)
    found.clipped[p.lane] = 1;
  return told && in.layered;
}

CALCISOL_LANES void gather(const calcisol_device_gather &a, const Thread &t) {
  const Place p = place_of(a.shape, t);
  int *room = reinterpret_cast<int *>(t.shared + TABLES);
  const Found found = {room, room + p.width, room + 2 * p.width};
  if (p.layer == 0)
    found.skip[p.lane] = found.invalid[p.lane] = found.clipped[p.lane] = 0;
  if (t.block == 0 && t.index == 0)
    for (int k = 0; k < calcisol_device_counts; ++k)
      a.counts[k] = 0;
  barrier();
  bool clipped = false;
  for (int k = 0; k < a.n && p.there; ++k) {
    const calcisol_device_input &in = a.inputs[k];
    if ((!in.layered && !mine(p, k)) || (!in.data && !a.refill))
      continue;
    double x = in.fill;
    if (in.data)
      clipped |= screened(a, in, p, found, x);
    if (in.layered)
      a.layer[p.row(in.row)] = x;
    else
      a.column[p.column_row(in.row)] = x;
  }
  barrier();
  if (!p.there)
    return;
  a.flag[p.cell] = a.soil[p.cell] | (clipped || found.clipped[p.lane] ? a.codes.clipped : 0);
  if (p.layer == 0)
    a.lane[p.column] = found.skip[p.lane]                                   ? calcisol_lane_skipped
                       : found.invalid[p.lane] || a.soil_bad[p.column] != 0 ? calcisol_lane_refused
                                                                            : calcisol_lane_good;
}

CALCISOL_LANES void put(const calcisol_device_target &to, const Place &p, double x) {
  const std::int64_t at = place_in(p, to.column_stride, to.layer_stride, to.layered);
  if (to.is_float32)
    static_cast<float *>(to.data)[at] = static_cast<float>(x);
  else
    static_cast<double *>(to.data)[at] = x;
}

// Whether an answer for this thread's cell, or among its share of the column's, is not finite, or its water too strong.
CALCISOL_LANES bool failed(const calcisol_device_deliver &a, const Place &p) {
  bool bad = a.after[p.row(a.codes.strength_slot)] > a.codes.strongest_brine;
  for (int k = 0; k < a.slots; ++k)
    bad |= not_finite(a.after[p.row(k)]);
  for (int k = 0; k < a.layered; ++k)
    bad |= not_finite(a.output_layer[p.row(k)]);
  for (int k = p.layer; k < a.columned; k += p.layers)
    bad |= not_finite(a.output_column[p.column_row(k)]);
  return bad;
}

// What this thread knows is added up in shared memory; eight threads hand the sums on.
CALCISOL_LANES void count(const calcisol_device_deliver &a, const Place &p, const Thread &t, int *sums, int lane,
                          int flag) {
  if (p.there && p.layer == 0) {
    add(sums + (lane == calcisol_lane_good ? 0 : lane == calcisol_lane_skipped ? 1 : 2), 1);
    if (!a.has_state[p.column])
      add(sums + 7, 1);
  }
  if (p.there && lane == calcisol_lane_good && flag) {
    const int bits[] = {a.codes.clipped, a.codes.outside_envelope, a.codes.fallback, a.codes.residual};
    for (int k = 0; k < 4; ++k)
      if (flag & bits[k])
        add(sums + 3 + k, 1);
  }
  barrier();
  for (int k = t.index; k < calcisol_device_counts; k += p.layers * p.width)
    if (sums[k])
      add(a.counts + k, static_cast<unsigned long long>(sums[k]));
}

CALCISOL_LANES void deliver(const calcisol_device_deliver &a, const Thread &t) {
  const Place p = place_of(a.shape, t);
  int *bad = reinterpret_cast<int *>(t.shared + TABLES), *sums = bad + p.width;
  if (p.layer == 0)
    bad[p.lane] = 0;
  for (int k = t.index; k < calcisol_device_counts; k += p.layers * p.width)
    sums[k] = 0;
  barrier();
  if (failed(a, p))
    bad[p.lane] = 1;
  const int before = a.lane[p.column]; // read before the first layer's thread writes it
  barrier();
  const int lane = before == calcisol_lane_good && bad[p.lane] ? calcisol_lane_refused : before;
  int flag = 0;
  if (p.there) {
    flag = a.flag[p.cell] | (before == calcisol_lane_good ? a.module_flag[p.cell] : 0);
    if (lane == calcisol_lane_refused)
      flag = (flag & a.codes.clipped) | a.codes.invalid;
    if (lane != calcisol_lane_good)
      for (int k = 0; k < a.slots; ++k)
        a.after[p.row(k)] = a.before[p.row(k)];
    for (int k = 0; k < a.n && lane != calcisol_lane_skipped; ++k) {
      const calcisol_device_target &to = a.targets[k];
      if (!to.layered && !mine(p, k))
        continue;
      const double x = to.layered ? a.output_layer[p.row(to.row)] : a.output_column[p.column_row(to.row)];
      put(to, p, lane == calcisol_lane_refused ? __builtin_nan("") : x);
    }
    if (a.flag_target.data && lane != calcisol_lane_skipped)
      static_cast<std::int32_t *>(
          a.flag_target.data)[place_in(p, a.flag_target.column_stride, a.flag_target.layer_stride, 1)] = flag;
    if (p.layer == 0) {
      a.lane[p.column] = static_cast<std::uint8_t>(lane);
      if (lane == calcisol_lane_good)
        a.has_state[p.column] = 1;
    }
  }
  if (a.counts) // the same for all threads
    count(a, p, t, sums, lane, flag);
}

CALCISOL_LANES void hand_out(const calcisol_device_hand_out &a, const Thread &t) {
  const Place p = place_of(a.shape, t);
  if (!p.there)
    return;
  const bool known = a.has_state[p.column] && !a.soil_bad[p.column];
  for (int k = 0; k < a.n; ++k)
    put(a.targets[k], p, known ? a.block[p.row(a.targets[k].row)] : __builtin_nan(""));
}

} // namespace lanes

CALCISOL_KERNEL(calcisol_gather, calcisol_device_gather, lanes::gather)
CALCISOL_KERNEL(calcisol_deliver, calcisol_device_deliver, lanes::deliver)
CALCISOL_KERNEL(calcisol_hand_out, calcisol_device_hand_out, lanes::hand_out)

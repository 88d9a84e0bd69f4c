// Blocks of variables on a device as tensors [row][layer][column]: host views in, screening, views out.
//
// The device counterpart of views.cpp and screening.cpp, in tensor operations: nothing here waits for the device.
#pragma once

#include <torch/script.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/cuda_driver.hpp"
#include "base/status.hpp"
#include "base/variable_table.hpp"
#include "columns/screening.hpp"

namespace calcisol {

// The caller's array as a tensor [layer][column] or [column] over its own memory. torch has no negative strides: such a
// dimension is walked from its other end and named in `flips`.
template <class View>
at::Tensor window(const View &view, std::int64_t columns, int layers, bool layered, c10::Device where,
                  std::vector<std::int64_t> &flips) {
  const auto type = view.dtype == CALCISOL_F64 ? at::kDouble : view.dtype == CALCISOL_F32 ? at::kFloat : at::kInt;
  std::vector<std::int64_t> sizes{columns}, strides{view.column_stride};
  if (layered) {
    sizes.insert(sizes.begin(), layers);
    strides.insert(strides.begin(), view.layer_stride);
  }
  auto *first = static_cast<char *>(const_cast<void *>(static_cast<const void *>(view.data)));
  flips.clear();
  for (std::size_t i = 0; i < sizes.size(); ++i)
    if (strides[i] < 0) {
      first += strides[i] * (sizes[i] - 1) * static_cast<std::int64_t>(c10::elementSize(type));
      strides[i] = -strides[i];
      flips.push_back(static_cast<std::int64_t>(i));
    }
  return at::from_blob(first, sizes, strides, at::TensorOptions().dtype(type).device(where));
}

// Copy a view into one row of a block, whose padding columns keep the fill.
inline void gather_row(const calcisol_view &view, bool on_device, bool layered, std::int64_t columns, int layers,
                       c10::Device device, at::Tensor row) {
  std::vector<std::int64_t> flips;
  const at::Tensor source = window(view, columns, layers, layered, on_device ? device : c10::Device(c10::kCPU), flips);
  row.narrow(-1, 0, columns).copy_(flips.empty() ? source : source.flip(flips), true);
}

// Copy a row out; where `keep` [column] is given, those columns of the host's array stay as they are.
inline void scatter_row(at::Tensor value, const calcisol_target &target, bool on_device, bool layered,
                        std::int64_t columns, int layers, c10::Device device, const at::Tensor &keep) {
  std::vector<std::int64_t> flips;
  at::Tensor destination = window(target, columns, layers, layered, on_device ? device : c10::Device(c10::kCPU), flips);
  value = value.narrow(-1, 0, columns).to(destination.device(), destination.scalar_type());
  if (!flips.empty())
    value = value.flip(flips);
  if (keep.defined()) {
    at::Tensor old = keep.narrow(0, 0, columns).to(destination.device());
    if (!flips.empty() && flips.back() == destination.dim() - 1)
      old = old.flip({0});
    value = at::where(old, destination, value);
  }
  destination.copy_(value);
}

inline at::Tensor is_bad(const at::Tensor &x) {
  return x.abs()
      .lt(constants::missing_from)
      .logical_not()
      .logical_or(x.eq(constants::missing_value))
      .logical_or(x.eq(constants::missing_value_orchidee));
}

// The rows of one kind ([n][layer][column] or [n][column]) with what screening needs to know of each.
struct Block {
  at::Tensor values, fill, low, high, loose_low, loose_high, present; // all but values [n][1][1] or [n][1]
  std::vector<int> rows;                                              // row of the variable table

  Block() = default;
  Block(Rows table, bool layered, int layers, std::int64_t width, c10::Device device) {
    constexpr double slack = constants::limit_tolerance, infinity = std::numeric_limits<double>::infinity();
    std::vector<double> fills, lows, highs, loose_lows, loose_highs;
    for (int i = 0; i < table.count; ++i) {
      const Variable &v = table[i];
      if (v.layered != layered)
        continue;
      rows.push_back(i);
      fills.push_back(v.fill);
      lows.push_back(std::isnan(v.low) ? -infinity : v.low);
      highs.push_back(std::isnan(v.high) ? infinity : v.high);
      loose_lows.push_back(lows.back() - slack * (std::isnan(v.low) ? 0.0 : std::fabs(v.low)));
      loose_highs.push_back(highs.back() + slack * (std::isnan(v.high) ? 0.0 : std::fabs(v.high)));
    }
    const auto n = static_cast<std::int64_t>(rows.size());
    const std::vector<std::int64_t> one =
        layered ? std::vector<std::int64_t>{n, 1, 1} : std::vector<std::int64_t>{n, 1};
    const auto column = [&](const std::vector<double> &x) { return at::tensor(x, at::kDouble).view(one).to(device); };
    fill = column(fills), low = column(lows), high = column(highs);
    loose_low = column(loose_lows), loose_high = column(loose_highs);
    present = at::zeros(one, at::TensorOptions().dtype(at::kBool).device(device));
    values = layered ? fill.expand({n, layers, width}).clone() : fill.expand({n, width}).clone();
  }

  // Which variables are given this time; the others go back to their fill.
  void set_present(const std::vector<std::uint8_t> &given) {
    at::Tensor flags = at::empty(present.sizes(), at::kBool);
    for (std::size_t i = 0; i < rows.size(); ++i)
      flags.data_ptr<bool>()[i] = given[rows[i]] != 0;
    present.copy_(flags);
    values.copy_(at::where(present, values, fill));
  }

  at::Tensor bad() const { return is_bad(values).logical_and(present); }
  at::Tensor outside(const at::Tensor &bad) const {
    return values.lt(loose_low).logical_or(values.gt(loose_high)).logical_and(present).logical_and(bad.logical_not());
  }
  at::Tensor clean() const {
    return at::where(present, at::clamp(values, std::optional<at::Tensor>(low), std::optional<at::Tensor>(high)),
                     values);
  }
};

// True in columns where any row and layer is.
inline at::Tensor any_row(const at::Tensor &x) { return x.dim() == 3 ? x.flatten(0, 1).any(0) : x.any(0); }

// Columns that are not good become a copy of a good one, so that the module never sees what must not be computed. If
// none is good, what it answers is dropped.
inline at::Tensor with_good(const at::Tensor &x, const at::Tensor &good, const at::Tensor &donor) {
  return at::where(good, x, x.index_select(-1, donor));
}

} // namespace calcisol

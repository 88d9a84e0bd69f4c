// What a kernel on a device is given: plain structures, passed by value from the host, the same for both compilers.
//
// All pointers are device memory. Blocks are [variable][layer][column] as in kernel.hpp, or [variable][column].
#pragma once

#include <cstdint>

extern "C" {

// How columns are cut into blocks of threads: `width` columns a block, a thread for each cell.
struct calcisol_device_shape {
  std::int32_t layers, width, columns;
};

// A program of the step: calcisol_prepare, _initial_state, _step, _laboratory_ph.
struct calcisol_device_call {
  calcisol_device_shape shape;
  const double *statics, *layer, *column, *state;
  double dt;
  double *result; // may be the block it is made from
  double *output_layer, *output_column;
  std::int32_t *flag;
  const std::uint8_t *lane, *has_state; // initial_state: results only for good columns that have no state
};

// A variable of the host: where it lies, what it may be, and its row among those of its shape.
struct calcisol_device_input {
  const void *data; // null: the fill
  std::int64_t column_stride, layer_stride;
  double fill, low, high, loose_low, loose_high; // beyond the loose limits a clipped value is told
  std::int32_t is_float32, layered, row, is_active;
};
struct calcisol_device_target {
  void *data;
  std::int64_t column_stride, layer_stride;
  std::int32_t is_float32, layered, row;
};

// Numbers of the contract that screening needs (constants.toml, calcisol_variables.h).
struct calcisol_device_codes {
  double missing_from, missing_values[2], strongest_brine;
  std::int32_t strength_slot; // the state that is compared with it
  std::int32_t clipped, invalid, outside_envelope, fallback, residual;
};

enum calcisol_device_lane : std::uint8_t { calcisol_lane_skipped, calcisol_lane_good, calcisol_lane_refused };

// calcisol_gather: the host's arrays into blocks, screened as columns/screening.cpp does.
struct calcisol_device_gather {
  calcisol_device_shape shape;
  calcisol_device_codes codes;
  const calcisol_device_input *inputs;
  std::int32_t n, refill, screened; // refill: absent variables are written too; screened 0: values as they are
  double *layer, *column;
  std::int32_t *flag;           // what was clipped
  std::uint8_t *lane;           // [column], calcisol_device_lane
  const std::int32_t *soil;     // flags of the soil
  const std::uint8_t *soil_bad; // [column]
  unsigned long long *counts;   // set to 0; see calcisol_device_deliver
};

// calcisol_deliver: answers that are not finite, or too strong a brine, refuse their column; outputs into the host's
// arrays, states kept or taken, columns and cells counted.
struct calcisol_device_deliver {
  calcisol_device_shape shape;
  calcisol_device_codes codes;
  std::int32_t slots, layered, columned; // rows of state, layer outputs, column outputs
  const double *before;                  // state
  double *after;                         // state; of refused and skipped columns it becomes what it was
  const double *output_layer, *output_column;
  const std::int32_t *module_flag;
  std::int32_t *flag; // in: what was clipped; out: the whole flag
  std::uint8_t *lane, *has_state;
  const calcisol_device_target *targets;
  std::int32_t n;
  calcisol_device_target flag_target; // int32; data null: not wanted
  // null: not wanted. Columns stepped, inactive, invalid; cells clipped, outside the envelope, fallback, residual; and
  // columns that have no state yet
  unsigned long long *counts;
};

// calcisol_hand_out: rows of a block into the host's arrays, NaN in columns without state or with bad soil.
struct calcisol_device_hand_out {
  calcisol_device_shape shape;
  const double *block;
  const std::uint8_t *has_state, *soil_bad;
  const calcisol_device_target *targets;
  std::int32_t n;
};

enum { calcisol_device_counts = 8 };
}

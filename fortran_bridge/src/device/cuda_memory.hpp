// What columns keep on a CUDA device: soil, state, blocks of one step, and what is told of each column.
#pragma once

#include <algorithm>
#include <memory>

#include "base/variable_table.hpp"
#include "device/cuda_columns.hpp"

namespace calcisol {

struct CudaColumns::Memory {
  Memory(const std::shared_ptr<CudaModel> &model, std::int64_t ncol, int nlay)
      : statics(model, cells(ncol, nlay) * CALCISOL_N_STATIC),
        layer(model, cells(ncol, nlay) * count(forcing().layered())),
        column(model, count(ncol) * count(forcing().column())), state(model, cells(ncol, nlay) * CALCISOL_N_STATE),
        next(model, cells(ncol, nlay) * CALCISOL_N_STATE),
        output_layer(model, cells(ncol, nlay) * count(std::max<int>(outputs().layered(), CALCISOL_N_LAB))),
        output_column(model, count(ncol) * count(outputs().column())), module_flag(model, cells(ncol, nlay)),
        flag(model, cells(ncol, nlay)), soil(model, cells(ncol, nlay)), soil_bad(model, count(ncol)),
        lane(model, count(ncol)), has_state(model, count(ncol)), counts(model, calcisol_device_counts),
        inputs(model, CALCISOL_ROLE_FORCING, ncol, nlay), targets(model, CALCISOL_ROLE_OUTPUT, ncol, nlay),
        readings(model, CALCISOL_ROLE_LAB, ncol, nlay) {}

  static Rows forcing() { return rows(CALCISOL_ROLE_FORCING); }
  static Rows outputs() { return rows(CALCISOL_ROLE_OUTPUT); }
  static std::size_t count(std::int64_t n) { return static_cast<std::size_t>(n); }
  static std::size_t cells(std::int64_t ncol, int nlay) { return count(ncol) * count(nlay); }

  CudaArray<double> statics, layer, column, state, next, output_layer, output_column;
  CudaArray<std::int32_t> module_flag, flag, soil;
  CudaArray<std::uint8_t> soil_bad, lane, has_state;
  CudaArray<unsigned long long> counts;
  CudaInputs inputs;
  CudaTargets targets, readings;
};

} // namespace calcisol

// Warm-up of columns on the host: every method of the module once, on synthetic weather and copies of the soil.
#include "columns/columns.hpp"

#include <algorithm>
#include <vector>

#include "base/status.hpp"
#include "base/variable_table.hpp"

namespace calcisol {

double synthetic(const Variable &variable, int row, bool forcing) {
  if (!forcing)
    return row == CALCISOL_SOIL_DZ ? 0.1 : variable.fill; // m
  switch (row) {
  case CALCISOL_W_LIQ:
    return 25.0; // kg m-2, a quarter of a layer of 0.1 m
  case CALCISOL_T_SOIL:
    return 285.0; // K
  case CALCISOL_Q_BOT:
    return 0.0;
  default:
    return variable.fill;
  }
}

void HostColumns::warmup() {
  if (ncol == 0)
    return;
  const Rows table = rows(CALCISOL_ROLE_FORCING);
  std::vector<double> soil(tile_statics), weather_layer(layer), weather_column(column), made(tile_state);
  const auto fill = [&](Rows variables, bool forcing, double *layers, double *columns) {
    for (int i = 0; i < variables.count; ++i) {
      const bool layered = variables[i].layered;
      double *&block = layered ? layers : columns;
      const std::size_t size = layered ? cells() : static_cast<std::size_t>(shape.columns);
      std::fill_n(block, size, synthetic(variables[i], i, forcing));
      block += size;
    }
  };
  fill(rows(CALCISOL_ROLE_STATIC), false, soil.data(), nullptr);
  fill(table, true, weather_layer.data(), weather_column.data());
  module->prepare(shape, soil.data());
  module->initial_state(shape, soil.data(), weather_layer.data(), weather_column.data(), made.data());
  module->step(shape, {soil.data(), weather_layer.data(), weather_column.data(), 3600.0, made.data(), made.data(),
                       output_layer.data(), output_column.data(), module_flag.data()});
  module->laboratory_ph(shape, soil.data(), made.data(), output_layer.data());
}

void HostColumns::set_stream(void *stream) {
  if (stream)
    throw Failure(
        CALCISOL_ERROR_UNSUPPORTED,
        "a CUDA stream was given to columns on the host; open the model with options.device = CALCISOL_DEVICE");
}

} // namespace calcisol

// Temperature of the layers through some days: one implicit step a day, the elimination done once for all
// (soil_temperature.py).
#include <algorithm>
#include <cstdint>

#include "soil_water.h"

namespace {

constexpr std::int64_t most_columns = 128; // at a time, so that their layers stay in the cache

void one_day(const calcisol_soil_heat &run, const double *air, std::int64_t count, double *temperature) {
  const std::int64_t all = run.layers + run.below;
  const double *above = air; // the layer above, or the air
  for (std::int64_t i = 0; i < all; ++i) {
    double *here = temperature + i * run.columns;
    for (std::int64_t c = 0; c < count; ++c)
      here[c] = (here[c] + run.above[i] * above[c]) * run.inverse[i];
    above = here;
  }
  for (std::int64_t i = all - 2; i >= 0; --i) {
    double *here = temperature + i * run.columns;
    const double *under = here + run.columns;
    for (std::int64_t c = 0; c < count; ++c)
      here[c] += run.ratio[i] * under[c];
  }
}

} // namespace

extern "C" void calcisol_soil_heat_run(const calcisol_soil_heat *run) {
  for (std::int64_t first = 0; first < run->columns; first += most_columns) {
    const std::int64_t count = std::min(most_columns, run->columns - first);
    double *temperature = run->temperature + first;
    for (std::int64_t day = 0; day < run->days; ++day) {
      one_day(*run, run->air + day * run->columns + first, count, temperature);
      for (std::int64_t i = 0; i < run->layers; ++i)
        std::copy_n(temperature + i * run->columns, count, run->ends + (day * run->layers + i) * run->columns + first);
    }
  }
}

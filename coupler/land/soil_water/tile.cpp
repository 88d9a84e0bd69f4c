// Days of all columns, a vector at a time; compiled once for each instruction set (SOIL_WATER_NAME names the copy).
#include "cascade.hpp"
#include "soil_water.h"

namespace soil_water {
namespace {

using lanes::N;

struct Place {
  std::int64_t first, columns; // of the vector, of the run; lanes past the last column repeat it

  std::int64_t column(int lane) const {
    const std::int64_t at = first + lane;
    return at < columns ? at : columns - 1;
  }
  V read(const double *row) const {
    V v;
    for (int lane = 0; lane < N; ++lane)
      v[lane] = row[column(lane)];
    return v;
  }
  void write(double *row, V v) const {
    for (int lane = 0; lane < N && first + lane < columns; ++lane)
      row[first + lane] = v[lane];
  }
};

Soil soil_of(const calcisol_soil_water &run, const Place &at, std::int64_t row) {
  Soil soil;
  soil.porosity = at.read(run.porosity + row);
  soil.residual = at.read(run.residual + row);
  soil.alpha = at.read(run.alpha + row);
  soil.n = at.read(run.n + row);
  soil.k_sat = at.read(run.k_sat + row);
  soil.per_free = 1.0 / (1.0 - soil.residual);
  soil.per_n = 1.0 / soil.n;
  soil.per_m = 1.0 / (1.0 - soil.per_n);
  soil.per_alpha = 1.0 / soil.alpha;
  soil.near_full = saturation_at(soil, all(entry));
  soil.near_full_k = unsaturated(soil, soil.near_full).k;
  soil.linear_head = entry / (1.0 - soil.near_full);
  soil.linear_k = (soil.k_sat - soil.near_full_k) / (1.0 - soil.near_full);
  return soil;
}

void prepare(const calcisol_soil_water &run, const Place &at, Columns &c) {
  c.layers = static_cast<int>(run.layers);
  double depth = 0.0;
  for (int i = 0; i < c.layers; ++i) {
    const std::int64_t row = i * run.columns;
    c.dz[i] = run.dz[i];
    depth += c.dz[i];
    c.evaporating[i] = run.evaporating[i];
    c.soil[i] = soil_of(run, at, row);
    const V least = c.soil[i].residual + 1e-9;
    const V wilting = lanes::maximum(saturation_at(c.soil[i], all(run.head_wilting)), least);
    const V air_dry = lanes::maximum(saturation_at(c.soil[i], all(run.head_air_dry)), least);
    const V field = saturation_at(c.soil[i], all(run.head_field));
    c.limits[i] = {wilting, air_dry, 1.0 / lanes::maximum(field - wilting, all(1e-9)),
                   1.0 / lanes::maximum(field - air_dry, all(1e-9))};
    c.rooted[i] = at.read(run.roots + row) * c.dz[i];
    c.saturation[i] = at.read(run.saturation + row);
  }
  const double half = 0.5 * c.dz[c.layers - 1];
  const V below = at.read(run.table_depth) - depth; // NaN stays
  c.table_head = lanes::select(below < 0.0, -below, all(0.0));
  c.table_distance = lanes::select(below > 0.0, half + below, lanes::select(below <= 0.0, all(half), below));
  c.pond_limit = at.read(run.pond_limit);
  c.pond = at.read(run.pond);
  c.step = at.read(run.step);
  c.steps = M{};
}

// Where each lane is. A lane that ends a day begins its next at once, whatever the others do: waiting for the slowest
// of them every evening costs a third more.
struct Clock {
  std::int64_t day[N]; // of the lane, from 0
  V time;              // of the day, d
  Day weather;
  M again, drained, guarded, tries; // of the day: what was tried in vain, and how often was tried
};

void begin_day(const calcisol_soil_water &run, const Place &at, int lane, Clock &clock, Columns &c) {
  const std::int64_t column = at.column(lane), row = clock.day[lane] * run.columns + column;
  for (int i = 0; i < c.layers; ++i)
    c.uptake[i][lane] = c.evaporated[i][lane] = c.percolation[i][lane] = 0.0;
  for (int i = 0; run.conducting && i < c.layers; ++i)
    c.conducting[i][lane] = run.conducting[(clock.day[lane] * run.layers + i) * run.columns + column];
  c.infiltrated[lane] = c.runoff[lane] = 0.0;
  clock.weather.rain[lane] = run.rain[row];
  clock.weather.transpiration[lane] = run.transpiration[row];
  clock.weather.evaporation[lane] = run.evaporation[row];
  clock.time[lane] = 0.0;
  clock.again[lane] = clock.drained[lane] = clock.guarded[lane] = clock.tries[lane] = 0;
}

void end_day(const calcisol_soil_water &run, const Place &at, int lane, Clock &clock, Columns &c) {
  const std::int64_t column = at.first + lane, day = clock.day[lane]++;
  c.steps[lane] += clock.tries[lane];
  if (column >= run.columns)
    return;
  for (int i = 0; i < c.layers; ++i) {
    const std::int64_t row = (day * run.layers + i) * run.columns + column;
    run.water[row] = c.saturation[i][lane] * c.soil[i].porosity[lane] * c.dz[i];
    run.uptake[row] = c.uptake[i][lane];
    run.evaporated[row] = c.evaporated[i][lane];
    run.percolation[row] = c.percolation[i][lane];
  }
  run.infiltrated[day * run.columns + column] = c.infiltrated[lane];
  run.runoff[day * run.columns + column] = c.runoff[lane];
}

// One step of all lanes that work. Returns those in which none can succeed.
M advance(Columns &c, M working, Clock &clock) {
  const Day &day = clock.weather;
  const V left = 1.0 - clock.time;
  V dt = lanes::minimum(c.step, left);
  dt = lanes::select((left - dt < snap) & ~clock.again, left, dt); // a step that is tried again stays short
  dt = lanes::select(working, dt, all(1.0));
  Attempt a;
  linearise(c, day, dt, clock.drained, clock.guarded, a);
  solve(c, dt, a);
  M outside, lost = M{};
  const V size = size_of(c, a, outside);
  const V in = a.surface.value + a.surface.below * a.change[0];
  const M emptied = a.ponded & (c.pond + (day.rain - in) * dt < 0.0); // took in more than there was
  outside = outside & ((dt > desperate) | (size > tolerated));
  const M coarse = (size > tolerated) & (dt >= shortest);
  const M refused = outside | coarse | emptied;
  const M falling = working & ((clock.tries > most_tries) | (dt < hopeless) | (size != size));
  const M taken = working & ~refused & ~falling;
  for (int i = 0; i < c.layers; ++i)
    a.change[i] = lanes::select(taken, a.change[i], all(0.0));
  accept(c, a, day, lanes::select(taken, dt, all(0.0)), taken);
  clock.time = lanes::select(taken, clock.time + dt, clock.time);
  if (lanes::any(falling)) {
    const V fallen = lanes::select(falling, lanes::minimum(all(cascade_step), left), all(0.0));
    cascade(c, day, fallen, falling);
    clock.time = clock.time + fallen;
    lost = falling & ~(c.saturation[0] == c.saturation[0]);
  }
  // the next step: from the change of this one
  const V relative = 1.0 / lanes::maximum(size, all(1e-9));
  const V longer = dt * lanes::at_most(lanes::maximum(0.9 * relative, all(0.3)), all(3.0));
  const V shorter = lanes::maximum(dt * lanes::maximum(0.8 * relative, all(0.2)), all(0.99 * shortest));
  V next = lanes::select(outside, dt * 0.3, lanes::select(coarse, shorter, dt));
  next = lanes::select(taken, longer, next);
  c.step = lanes::select(working, next, c.step);
  clock.drained = lanes::select(taken | outside, M{}, clock.drained) | (working & emptied & ~outside);
  clock.again = working & refused;
  clock.guarded = (clock.guarded & ~taken) | (working & outside);
  clock.tries = clock.tries + (working & lanes::all_i(1));
  return lost;
}

// The days of one vector. Returns 0, or the number of a column in which no step succeeds.
std::int64_t live(const calcisol_soil_water &run, const Place &at, Columns &c) {
  Clock clock{};
  M working = M{};
  for (int i = 0; i < c.layers; ++i)
    c.conducting[i] = all(1.0);
  for (int lane = 0; run.days > 0 && lane < N; ++lane) {
    begin_day(run, at, lane, clock, c);
    working[lane] = -1;
  }
  while (lanes::any(working)) {
    const M lost = advance(c, working, clock);
    const M over = working & ~(clock.time < 1.0 - 1e-9);
    if (!lanes::any(over | lost))
      continue;
    for (int lane = 0; lane < N; ++lane) {
      if (lost[lane])
        return at.column(lane) + 1;
      if (!over[lane])
        continue;
      end_day(run, at, lane, clock, c);
      if (clock.day[lane] < run.days)
        begin_day(run, at, lane, clock, c);
      else
        working[lane] = 0;
    }
  }
  return 0;
}

} // namespace
} // namespace soil_water

extern "C" std::int64_t SOIL_WATER_NAME(const calcisol_soil_water *run) {
  using namespace soil_water;
  for (std::int64_t first = 0; first < run->columns; first += N) {
    const Place at{first, run->columns};
    Columns c;
    prepare(*run, at, c);
    if (const std::int64_t lost = live(*run, at, c))
      return lost;
    for (int i = 0; i < c.layers; ++i)
      at.write(run->saturation + i * run->columns, c.saturation[i]);
    at.write(run->pond, c.pond);
    at.write(run->step, c.step);
    for (int lane = 0; lane < N && first + lane < run->columns; ++lane)
      run->steps[first + lane] += c.steps[lane];
  }
  return 0;
}

// Water of a vector of columns through one day: a linearised Richards equation, one tridiagonal solve per step.
//
// Every lane is a column with a clock and a step length of its own; a lane that has reached the end of the day waits.
// What a column does depends on nothing but itself, so its bits do not depend on its neighbours. Units:  m, d. Fluxes
// through lower faces, downward positive. Source: Ross 2003, Agron. J. 95, 1352-1361 (saturation as unknown, fluxes
// linear in its change, step by that change);
//         conductivity of a face is the mean of its two layers. Stores and fluxes are those of the same linear system,
//         so the balance closes to round-off.
#pragma once

#include <limits>

#include "demand.hpp"

namespace soil_water {

constexpr int most_layers = 60;
constexpr double most_change = 0.05;     // of saturation in one step
constexpr double tolerated = 1.3;        // times that, after the solve
constexpr double shortest = 1e-3;        // d, of a step cut for accuracy
constexpr double desperate = 1e-5;       // d, below which a small step out of bounds is taken all the same
constexpr double hopeless = 1e-8;        // d, below which no step is tried any more
constexpr double most_saturation = 1.02; // elastic store of a full layer
constexpr double least_margin = 2e-5;    // above residual, of the range above it
constexpr std::int64_t most_tries = 400; // steps in a day; a column that needs more goes on by cascade.hpp
constexpr double snap = 0.05;            // d; a shorter remainder of the day joins the step before it

struct Day {
  V rain, transpiration, evaporation; // m d-1
};

// One vector of columns. Filled by soil_water.cpp.
struct Columns {
  int layers;
  double dz[most_layers], evaporating[most_layers];
  Soil soil[most_layers];
  Limits limits[most_layers];
  V rooted[most_layers];     // root density x thickness
  V conducting[most_layers]; // share that frost leaves of the conductivity
  V table_distance; // m from the centre of the lowest layer down to where table_head is known; NaN: free drainage
  V table_head;     // m, 0 at a water table below the profile, above 0 at the lower face where the table lies in it
  V pond_limit;
  V saturation[most_layers], pond, step;
  // sums of the day
  V uptake[most_layers], evaporated[most_layers], percolation[most_layers], infiltrated, runoff;
  M steps;
};

// A flux and its slopes by the change of saturation above and below its face.
struct Flux {
  V value, above, below;
};

struct Attempt {
  Flux face[most_layers];
  Sink sinks[most_layers];
  Flux surface; // slope `below` by the first layer
  M ponded;
  V change[most_layers];
};

static inline Curve frozen(Curve c, V conducting) {
  c.k = c.k * conducting;
  c.k_slope = c.k_slope * conducting;
  return c;
}

static inline Flux between(const Curve &a, const Curve &b, double per_distance) {
  const V gradient = (a.head - b.head) * per_distance + 1.0, k = 0.5 * (a.k + b.k);
  return {k * gradient, k * a.head_slope * per_distance + 0.5 * a.k_slope * gradient,
          0.5 * b.k_slope * gradient - k * b.head_slope * per_distance};
}

static inline Flux bottom(const Columns &c, const Curve &last) {
  const M table = c.table_distance == c.table_distance;
  const V distance = lanes::select(table, c.table_distance, all(1.0));
  const V gradient = (last.head - c.table_head) / distance + 1.0, k = 0.5 * (last.k + c.soil[c.layers - 1].k_sat);
  return {lanes::select(table, k * gradient, last.k),
          lanes::select(table, k * last.head_slope / distance + 0.5 * last.k_slope * gradient, last.k_slope), all(0.0)};
}

// What enters: all that is offered, or what a flooded surface lets through.
static inline void surface(const Columns &c, const Curve &first, const Day &day, V dt, M drained, Attempt &a) {
  const V offered = day.rain + c.pond / dt, half = all(0.5 * c.dz[0]);
  const V k = c.soil[0].k_sat * c.conducting[0];
  const V let_through = k * ((c.pond - first.head) / half + 1.0);
  a.ponded = (offered > let_through) & ~drained;
  a.surface.value = lanes::select(a.ponded, lanes::maximum(let_through, all(0.0)), offered);
  a.surface.below = lanes::select(a.ponded & (let_through > 0.0), -k * first.head_slope / half, all(0.0));
}

// Slopes of the sign that diffusion has: a matrix that cannot overshoot, at the price of an order of accuracy.
static inline void damp(Flux &flux, M guarded) {
  flux.above = lanes::select(guarded, lanes::maximum(flux.above, all(0.0)), flux.above);
  flux.below = lanes::select(guarded, lanes::minimum(flux.below, all(0.0)), flux.below);
}

static inline void linearise(const Columns &c, const Day &day, V dt, M drained, M guarded, Attempt &a) {
  Curve curves[most_layers];
  V rooted_total = all(0.0);
  for (int i = 0; i < c.layers; ++i) {
    curves[i] = frozen(curve(c.soil[i], c.saturation[i]), c.conducting[i]);
    rooted_total = rooted_total + c.saturation[i] * c.rooted[i];
  }
  const V per_total = 1.0 / lanes::select(rooted_total > 0.0, rooted_total, all(1.0));
  for (int i = 0; i < c.layers; ++i)
    a.sinks[i] = sink(c.saturation[i], c.rooted[i] * per_total, day.transpiration, day.evaporation * c.evaporating[i],
                      c.limits[i]);
  for (int i = 0; i + 1 < c.layers; ++i)
    a.face[i] = between(curves[i], curves[i + 1], 2.0 / (c.dz[i] + c.dz[i + 1]));
  a.face[c.layers - 1] = bottom(c, curves[c.layers - 1]);
  for (int i = 0; i < c.layers; ++i)
    damp(a.face[i], guarded);
  surface(c, curves[0], day, dt, drained, a);
}

// Change of saturation of each layer in dt: backward Euler of the linearised fluxes, elimination from the top.
static inline void solve(const Columns &c, V dt, Attempt &a) {
  V ratio[most_layers], right[most_layers];
  const V per_dt = 1.0 / dt;
  for (int i = 0; i < c.layers; ++i) {
    const Flux &out = a.face[i], &in = i ? a.face[i - 1] : a.surface;
    const V from_above = i ? in.above : all(0.0);
    V diagonal = c.soil[i].porosity * c.dz[i] * per_dt + out.above - in.below + a.sinks[i].uptake_slope +
                 a.sinks[i].evaporation_slope;
    V rest = in.value - out.value - a.sinks[i].uptake - a.sinks[i].evaporation;
    if (i) {
      diagonal = diagonal + from_above * ratio[i - 1];
      rest = rest + from_above * right[i - 1];
    }
    const V per_diagonal = 1.0 / diagonal;
    ratio[i] = out.below * per_diagonal;
    right[i] = rest * per_diagonal;
  }
  a.change[c.layers - 1] = right[c.layers - 1];
  for (int i = c.layers - 2; i >= 0; --i)
    a.change[i] = right[i] - ratio[i] * a.change[i + 1];
}

// Largest change against what is allowed, and whether a layer leaves its bounds.
static inline V size_of(const Columns &c, const Attempt &a, M &outside) {
  V largest = all(0.0);
  outside = M{};
  for (int i = 0; i < c.layers; ++i) {
    const V next = c.saturation[i] + a.change[i];
    const V per_allowed =
        lanes::select((next < 0.98) | (a.change[i] < 0.0), all(1.0 / most_change), all(1.0 / (0.3 * most_change)));
    largest = lanes::maximum(largest, lanes::abs(a.change[i]) * per_allowed);
    const V least = c.soil[i].residual + least_margin * (1.0 - c.soil[i].residual);
    outside = outside | (next < least) | (next > most_saturation);
  }
  return largest;
}

// Add up the fluxes of a step for the lanes in `taken`; dt and change are 0 in the others.
static inline void accept(Columns &c, const Attempt &a, const Day &day, V dt, M taken) {
  const V in = a.surface.value + a.surface.below * a.change[0];
  c.infiltrated = c.infiltrated + in * dt;
  const V left = lanes::select(a.ponded, c.pond + (day.rain - in) * dt, all(0.0));
  const V standing = lanes::select(taken, lanes::maximum(left, all(0.0)), c.pond);
  const V over = lanes::maximum(standing - c.pond_limit, all(0.0));
  c.pond = standing - over;
  c.runoff = c.runoff + over;
  for (int i = 0; i < c.layers; ++i) {
    const V below = i + 1 < c.layers ? a.change[i + 1] : all(0.0);
    const Flux &out = a.face[i];
    c.percolation[i] = c.percolation[i] + (out.value + out.above * a.change[i] + out.below * below) * dt;
    c.uptake[i] = c.uptake[i] + (a.sinks[i].uptake + a.sinks[i].uptake_slope * a.change[i]) * dt;
    c.evaporated[i] = c.evaporated[i] + (a.sinks[i].evaporation + a.sinks[i].evaporation_slope * a.change[i]) * dt;
    c.saturation[i] = c.saturation[i] + a.change[i];
  }
}

} // namespace soil_water

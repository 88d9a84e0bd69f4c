// A day on which no step of the Richards equation holds: water falls by gravity from layer to layer, as far as there is
// room.
//
// Layers whose conductivities differ by orders of magnitude, filled by a storm, can keep the linear system from any
// step. Such a lane ends its day here: fluxes are the layer's own conductivity at unit gradient, never more than a
// layer holds or the next can take, so that saturation stays in bounds and the balance exact; capillary rise waits for
// the next day. Units: m, d.
#pragma once

#include "column.hpp"

namespace soil_water {

constexpr double cascade_step = 1.0 / 48.0; // d

// Water above the residual that a layer can give.
static inline V held(const Columns &c, int i) {
  const V least = c.soil[i].residual + least_margin * (1.0 - c.soil[i].residual);
  return lanes::maximum((c.saturation[i] - least) * c.soil[i].porosity * c.dz[i], all(0.0));
}

// Pores that a layer has to fill.
static inline V room(const Columns &c, int i) {
  return lanes::maximum((1.0 - c.saturation[i]) * c.soil[i].porosity * c.dz[i], all(0.0));
}

static inline void add(Columns &c, int i, V water) {
  c.saturation[i] = c.saturation[i] + water / (c.soil[i].porosity * c.dz[i]);
}

// What roots and air take; dt is 0 in lanes that do not fall.
static inline void take(Columns &c, const Day &day, V dt) {
  V rooted_total = all(0.0);
  for (int i = 0; i < c.layers; ++i)
    rooted_total = rooted_total + c.saturation[i] * c.rooted[i];
  const V per_total = 1.0 / lanes::select(rooted_total > 0.0, rooted_total, all(1.0));
  for (int i = 0; i < c.layers; ++i) {
    const Sink s = sink(c.saturation[i], c.rooted[i] * per_total, day.transpiration, day.evaporation * c.evaporating[i],
                        c.limits[i]);
    const V evaporated = lanes::minimum(s.evaporation * dt, held(c, i));
    add(c, i, -evaporated);
    const V uptake = lanes::minimum(s.uptake * dt, held(c, i));
    add(c, i, -uptake);
    c.evaporated[i] = c.evaporated[i] + evaporated;
    c.uptake[i] = c.uptake[i] + uptake;
  }
}

// One step of the lanes in `falling`; dt is 0 in the others.
static inline void cascade(Columns &c, const Day &day, V dt, M falling) {
  take(c, day, dt);
  V conductivity[most_layers];
  for (int i = 0; i < c.layers; ++i)
    conductivity[i] = curve(c.soil[i], c.saturation[i]).k * c.conducting[i];
  for (int i = c.layers - 1; i >= 0; --i) { // from the bottom, so that what leaves makes room
    const bool last = i + 1 == c.layers;
    V water = lanes::minimum(conductivity[i] * dt, held(c, i));
    if (!last) {
      water = lanes::minimum(water, room(c, i + 1));
      add(c, i + 1, water);
    }
    add(c, i, -water);
    c.percolation[i] = c.percolation[i] + water;
  }
  const V offered = lanes::select(falling, day.rain * dt + c.pond, all(0.0));
  const V most = c.soil[0].k_sat * c.conducting[0] * dt;
  const V in = lanes::minimum(offered, lanes::minimum(most, room(c, 0)));
  add(c, 0, in);
  c.infiltrated = c.infiltrated + in;
  const V standing = lanes::select(falling, offered - in, c.pond);
  const V over = lanes::maximum(standing - c.pond_limit, all(0.0));
  c.pond = standing - over;
  c.runoff = c.runoff + over;
}

} // namespace soil_water

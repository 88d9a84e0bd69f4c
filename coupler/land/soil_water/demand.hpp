// What roots and the dry air take out of each layer, with slopes by saturation.
//
// Units:  m d-1. Uptake of a layer is its share of saturation x root density in the column's demand, lowered by
// drought:
//         none below the wilting point, r^2 / (r^2 + 0.25^2) of it at a share r of the way to field capacity.
//         Evaporation falls linearly from field capacity to air-dry soil.
// Source: MIN3P 2.6.2 (transpiration, "legacy" uptake), so that the two can be compared; the shape of the stress
// function
//         as there. FAO-56 (Allen et al. 1998, chapter 8) starts stress at another water content: 109 instead of 120 mm
//         of drainage under Paris weather.
#pragma once

#include "hydraulics.hpp"

namespace soil_water {

constexpr double half_stress = 0.25 * 0.25;

struct Limits {
  V wilting, air_dry;         // saturations
  V per_wilting, per_air_dry; // 1 / the way from there to field capacity
};

struct Sink {
  V uptake, evaporation, uptake_slope, evaporation_slope;
};

// `pull` is root density x thickness over its sum weighted by saturation: share of the layer in the demand, by
// saturation.
static inline Sink sink(V saturation, V pull, V transpiration, V evaporation, const Limits &at) {
  const V none = all(0.0);
  Sink s = {none, none, none, none};
  const M draws = (pull > 0.0) & (saturation > at.wilting), dries = (evaporation > 0.0) & (saturation > at.air_dry);
  if (lanes::any(draws)) {
    const V way = (saturation - at.wilting) * at.per_wilting;
    const V r = lanes::at_most(way, all(1.0)), per_below = 1.0 / (half_stress + r * r);
    const V stress = r * r * per_below, share = saturation * pull;
    const V stress_slope = 2.0 * r * half_stress * per_below * per_below * at.per_wilting;
    const V slope = lanes::select(way < 1.0, share * stress_slope, none) + stress * pull * (1.0 - share);
    s.uptake = lanes::select(draws, transpiration * share * stress, none);
    s.uptake_slope = lanes::select(draws, transpiration * slope, none);
  }
  if (lanes::any(dries)) {
    const V way = (saturation - at.air_dry) * at.per_air_dry;
    s.evaporation = lanes::select(dries, evaporation * lanes::at_most(way, all(1.0)), none);
    s.evaporation_slope = lanes::select(dries & (way < 1.0), evaporation * at.per_air_dry, none);
  }
  return s;
}

} // namespace soil_water

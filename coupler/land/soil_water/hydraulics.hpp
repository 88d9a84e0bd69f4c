// Retention and conductivity of van Genuchten and Mualem as functions of saturation, with their slopes.
//
// Units:  head m (negative where unsaturated), conductivity m d-1; saturation is the share of the pores that holds
// water. Source: van Genuchten 1980, Soil Sci. Soc. Am. J. 44, 892-898, equations 3, 8 (pore connectivity 0.5); the
// last 2 cm
//         before saturation are linear: for n < 2 the slope of K is infinite there (Vogel et al. 2001, Adv. Water
//         Resour. 24, 133-144, use the same height for their modified curve).
#pragma once

#include "native/functions.hpp"

namespace soil_water {

using lanes::all;
using lanes::M;
using lanes::V;

constexpr double entry = 0.02;       // m, height of the linear part
constexpr double elastic = 1000.0;   // m of head per unit of saturation in a full layer: what closes its balance
constexpr double oven_dry = 1e5;     // m of suction (pF 7), the most: for n near 1 the curve goes on to 1e120
constexpr double least_share = 1e-6; // of the water between residual and full: keeps the logarithm finite

// Parameters of a layer, and what is derived from them once (divisions dominate the cost of a step).
struct Soil {
  V porosity, residual, alpha, n, k_sat;
  V per_free, per_m, per_n, per_alpha; // 1 / (1 - residual) and so on; m = 1 - 1 / n
  V near_full, near_full_k;            // saturation and conductivity at the head -entry
  V linear_head, linear_k;             // slopes from there to saturation
};

struct Curve {
  V head, head_slope, k, k_slope; // slopes by saturation
};

// Saturation at a suction (m, above 0).
static inline V saturation_at(const Soil &soil, V suction) {
  const V power = lanes::exp(soil.n * lanes::log(soil.alpha * suction));
  return soil.residual + (1.0 - soil.residual) * lanes::exp(-lanes::log(1.0 + power) / soil.per_m);
}

static inline Curve unsaturated(const Soil &soil, V saturation) {
  const V share = lanes::maximum((saturation - soil.residual) * soil.per_free, all(least_share));
  const V inverse = lanes::exp(-lanes::log(share) * soil.per_m); // share^(-1/m) = 1 + (alpha suction)^n
  const V t = inverse - 1.0;
  const V scaled = lanes::exp(lanes::log(t) * soil.per_n); // alpha suction
  const V tm = t / scaled, reciprocal = 1.0 / (t * share);
  const V f = 1.0 - tm * share, root = lanes::sqrt(share);
  const V steep = -inverse * soil.per_m * soil.per_n * reciprocal; // slope of the logarithm of the suction
  const V tm_slope = (soil.n - 1.0) * tm * steep;
  const V k_slope = root * f * (0.5 * t * reciprocal * f - 2.0 * (tm_slope * share + tm));
  const V suction = scaled * soil.per_alpha;
  const M dry = suction > oven_dry;
  return {lanes::select(dry, all(-oven_dry), -suction),
          lanes::select(dry, all(0.0), -scaled * steep * soil.per_alpha * soil.per_free), soil.k_sat * root * f * f,
          soil.k_sat * k_slope * soil.per_free};
}

static inline Curve curve(const Soil &soil, V saturation) {
  const M linear = saturation >= soil.near_full, full = saturation > 1.0;
  Curve c = unsaturated(soil, lanes::select(linear, soil.near_full, saturation));
  const V over = saturation - soil.near_full;
  c.head = lanes::select(linear, soil.linear_head * over - entry, c.head);
  c.head_slope = lanes::select(linear, soil.linear_head, c.head_slope);
  c.k = lanes::select(linear, soil.near_full_k + soil.linear_k * over, c.k);
  c.k_slope = lanes::select(linear, soil.linear_k, c.k_slope);
  return {lanes::select(full, (saturation - 1.0) * elastic, c.head), lanes::select(full, all(elastic), c.head_slope),
          lanes::select(full, soil.k_sat, c.k), lanes::select(full, all(0.0), c.k_slope)};
}

} // namespace soil_water

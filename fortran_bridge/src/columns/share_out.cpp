#include "columns/share_out.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/status.hpp"

namespace calcisol {

namespace {

// Slope at the first of three points, kept from overshooting: secants `near` and `far` over `near_by` and `far_by`.
double slope_at_end(double near, double far, double near_by, double far_by) {
  const double slope = ((2.0 * near_by + far_by) * near - near_by * far) / (near_by + far_by);
  if (!(slope * near > 0.0))
    return 0.0;
  return near * far < 0.0 && std::fabs(slope) > 3.0 * std::fabs(near) ? 3.0 * near : slope;
}

// Slope between two secants: their weighted harmonic mean, 0 at an extreme.
double slope_between(double above, double below, double above_by, double below_by) {
  if (!(above * below > 0.0)) // also where the product underflows: then both are as good as none
    return 0.0;
  const double first = 2.0 * below_by + above_by, second = below_by + 2.0 * above_by;
  return (first + second) / (first / above + second / below);
}

double summed(const double *values, int count) {
  double sum = values[0];
  for (int k = 1; k < count; ++k)
    sum += values[k];
  return sum;
}

// Density of the amount at all faces of the layers, from the surface down: slopes of the sum over depth.
void densities(const Split &split, const double *amount, double *at_faces) {
  const int n = split.layers;
  double by[most_layers], mean[most_layers];
  for (int l = 0, first = 0; l < n; first += split.pieces[l++]) {
    by[l] = summed(split.thickness + first, split.pieces[l]);
    mean[l] = amount[l] / by[l];
  }
  if (n == 1) {
    at_faces[0] = at_faces[1] = mean[0];
    return;
  }
  at_faces[0] = slope_at_end(mean[0], mean[1], by[0], by[1]);
  for (int l = 1; l < n; ++l)
    at_faces[l] = slope_between(mean[l - 1], mean[l], by[l - 1], by[l]);
  at_faces[n] = slope_at_end(mean[n - 1], mean[n - 2], by[n - 1], by[n - 2]);
}

// ln(sinh(x / 2) / (x / 2)), by how much the mean of an exponential over x exceeds its middle (Pade, 1 % at x = 4).
double excess_of_mean(double x) { return x * x / 24.0 / (1.0 + x * x / 120.0); }

constexpr double steepest = 30.0; // m-1

// Rate at which an exponential falls that has the means of two layers; 0 where their signs differ.
double fall_between(double above, double below, double above_by, double below_by) {
  if (!(above * below > 0.0)) // none in one of them: as steep as may be
    return above != 0.0 && below == 0.0 ? steepest : above == 0.0 && below != 0.0 ? -steepest : 0.0;
  const double apart = 0.5 * (above_by + below_by), ratio = std::log(std::fabs(above)) - std::log(std::fabs(below));
  double fall = ratio / apart;
  for (int pass = 0; pass < 6; ++pass)
    fall = (ratio - excess_of_mean(fall * above_by) + excess_of_mean(fall * below_by)) / apart;
  return std::clamp(fall, -steepest, steepest);
}

// Shares of pieces along exp(-fall depth); the uppermost or lowest, whichever is largest, takes what is left.
void along_exponential(const double *thickness, int pieces, double amount, double fall, double *shares) {
  if (amount == 0.0) {
    std::fill_n(shares, pieces, amount);
    return;
  }
  double weights[most_layers], depth = 0.0, reached = 1.0;
  const bool even = std::fabs(fall) * summed(thickness, pieces) < 1e-8;
  for (int k = 0; k < pieces; ++k) {
    depth += thickness[k];
    const double next = even ? 0.0 : std::exp(-fall * depth);
    weights[k] = even ? thickness[k] : std::fabs(reached - next);
    reached = next;
  }
  const double all = summed(weights, pieces);
  const int rest = fall > 0.0 ? 0 : pieces - 1;
  double left = amount;
  for (int k = 0; k < pieces; ++k)
    if (k != rest)
      left -= shares[k] = amount * (weights[k] / all);
  shares[rest] = left;
}

// `amount` of a layer to its pieces in proportion to `weights`; the last takes what is left, so that the total stays.
void in_proportion(const double *weights, int pieces, double amount, double *shares) {
  const double all = summed(weights, pieces);
  double left = amount;
  for (int k = 0; k + 1 < pieces; ++k)
    left -= shares[k] = amount * (weights[k] / all);
  shares[pieces - 1] = left;
}

// Weights of the water in the pieces of a layer that holds `filled` m of it: their thickness, and so
// much of their pore space with it that no piece is fuller than its pores.
void weights_of_water(const double *thickness, const double *porosity, int pieces, double filled, double *weights) {
  const double depth = summed(thickness, pieces);
  double pores[most_layers];
  for (int k = 0; k < pieces; ++k)
    pores[k] = porosity[k] * thickness[k];
  const double all = summed(pores, pieces);
  double part = 0.0; // of the weight that goes by pore space
  for (int k = 0; k < pieces; ++k) {
    const double even = filled * (thickness[k] / depth), by_pores = filled * (pores[k] / all);
    if (even > pores[k] && by_pores < even)
      part = std::max(part, by_pores < pores[k] ? (even - pores[k]) / (even - by_pores) : 1.0);
  }
  for (int k = 0; k < pieces; ++k)
    weights[k] = (1.0 - part) * (thickness[k] / depth) + part * (pores[k] / all);
}

// Pieces may be thicker by this part of the depth at which their layer begins: what moves has spread on its way down.
constexpr double growth = 0.1;

// Pieces of all layers together.
std::int64_t count_pieces(int layers, const double *dz, double thickest, std::int32_t *pieces) {
  std::int64_t sum = 0;
  double top = 0.0;
  for (int l = 0; l < layers; top += dz[l++]) { // a thickness in float32 may be a little above what it means
    const double wanted = std::ceil(dz[l] / (thickest + growth * top) * (1.0 - constants::limit_tolerance));
    const double count = thickest > 0.0 ? std::clamp(wanted, 1.0, 1e6) : 1.0;
    sum += static_cast<std::int64_t>(count);
    pieces[l] = static_cast<std::int32_t>(count);
  }
  return sum;
}

} // namespace

void propose_pieces(int layers, const double *dz, double thickest, std::int32_t *pieces) {
  for (int l = 0; l < layers; ++l)
    if (!(dz[l] > 0.0 && dz[l] < constants::missing_from))
      throw Failure(CALCISOL_ERROR_ARGUMENT,
                    "dz = " + number(dz[l]) + " of layer " + std::to_string(l + 1) + "; give its thickness in m");
  if (!(thickest >= 0.0 && thickest < constants::missing_from))
    throw Failure(CALCISOL_ERROR_ARGUMENT, "thickest is " + number(thickest) +
                                               "; give the thickness in m that pieces may have, or 0 to split none");
  const std::int64_t sum = count_pieces(layers, dz, thickest, pieces);
  if (sum <= most_layers)
    return;
  double enough = std::max(thickest, 1e-3);
  while (count_pieces(layers, dz, enough, pieces) > most_layers)
    enough += 1e-3 * std::max(1.0, enough); // a step that grows: whatever thickness was given, it is found at once
  throw Failure(CALCISOL_ERROR_ARGUMENT, "with pieces of " + number(thickest) + " m the layers have " +
                                             std::to_string(sum) + ", more than the " + std::to_string(most_layers) +
                                             " a column may have; give " + number(enough) + " m or more");
}

void share_out(const Split &split, const double *amount, double *shares) {
  double at_faces[most_layers + 1];
  densities(split, amount, at_faces);
  const double *thickness = split.thickness;
  for (int l = 0; l < split.layers; ++l) {
    const int pieces = split.pieces[l];
    const double by = summed(thickness, pieces), total = amount[l];
    double above = 0.0, depth = 0.0; // amount and distance between the layer's upper face and the piece's
    for (int k = 0; k + 1 < pieces; ++k) {
      depth += thickness[k];
      const double s = depth / by, r = 1.0 - s;
      const double cubic = by * s * r * (at_faces[l] * r - at_faces[l + 1] * s) + total * s * s * (3.0 - 2.0 * s);
      const double here = total < 0.0 ? std::clamp(cubic, total, above) : std::clamp(cubic, above, total);
      shares[k] = here - above;
      above = here;
    }
    shares[pieces - 1] = total - above;
    shares += pieces, thickness += pieces;
  }
}

void share_out_exponentially(const Split &split, const double *amount, double *shares) {
  const int n = split.layers;
  double by[most_layers], mean[most_layers], fall[most_layers] = {}; // below each layer
  for (int l = 0, first = 0; l < n; first += split.pieces[l++]) {
    by[l] = summed(split.thickness + first, split.pieces[l]);
    mean[l] = amount[l] / by[l];
  }
  for (int l = 0; l + 1 < n; ++l)
    fall[l] = fall_between(mean[l], mean[l + 1], by[l], by[l + 1]);
  const double *thickness = split.thickness;
  for (int l = 0; l < n; ++l) {
    const double above = n == 1 ? 0.0 : fall[l == 0 ? 0 : l - 1], below = n == 1 ? 0.0 : fall[std::min(l, n - 2)];
    const double here = above * below > 0.0 ? 2.0 * above * below / (above + below) : 0.0; // 0 at an extreme
    along_exponential(thickness, split.pieces[l], amount[l], here, shares);
    shares += split.pieces[l], thickness += split.pieces[l];
  }
}

void share_out_mean(const Split &split, const double *mean, double *values) {
  double amount[most_layers];
  for (int l = 0, first = 0; l < split.layers; first += split.pieces[l++])
    amount[l] = mean[l] * summed(split.thickness + first, split.pieces[l]);
  share_out(split, amount, values);
  for (int l = 0, k = 0; l < split.layers; ++l)
    for (int end = k + split.pieces[l]; k < end; ++k)
      values[k] = split.pieces[l] == 1 ? mean[l] : values[k] / split.thickness[k];
}

void share_out_evenly(const Split &split, const double *amount, double *shares) {
  const double *thickness = split.thickness;
  for (int l = 0; l < split.layers; ++l) {
    in_proportion(thickness, split.pieces[l], amount[l], shares);
    shares += split.pieces[l], thickness += split.pieces[l];
  }
}

void repeat(const Split &split, const double *value, double *values) {
  for (int l = 0; l < split.layers; values += split.pieces[l++])
    std::fill_n(values, split.pieces[l], value[l]);
}

void share_out_water(const Split &split, const double *liquid, const double *ice, double *liquid_shares,
                     double *ice_shares) {
  const double *thickness = split.thickness, *porosity = split.porosity;
  for (int l = 0; l < split.layers; ++l) {
    const int pieces = split.pieces[l];
    const double filled = (liquid[l] + (ice ? ice[l] : 0.0)) / constants::water_density; // m; ice swells by a tenth
    double weights[most_layers];
    weights_of_water(thickness, porosity, pieces, filled, weights);
    in_proportion(weights, pieces, liquid[l], liquid_shares);
    if (ice)
      in_proportion(weights, pieces, ice[l], ice_shares);
    liquid_shares += pieces, ice_shares += ice ? pieces : 0, thickness += pieces, porosity += pieces;
  }
}

void share_out_faces(const Split &split, const double *through, const double *sinks, const double *stored,
                     double *shares) {
  const double *thickness = split.thickness;
  for (int l = 0; l < split.layers; ++l) {
    const int pieces = split.pieces[l];
    const double depth = summed(thickness, pieces);
    const double storing = l == 0 ? 0.0 : through[l - 1] - through[l] - summed(sinks, pieces);
    shares[pieces - 1] = through[l];
    for (int k = pieces - 1; k > 0; --k)
      shares[k - 1] = shares[k] + sinks[k] + (l == 0 ? stored[k] : storing * (thickness[k] / depth));
    shares += pieces, sinks += pieces, stored += pieces, thickness += pieces;
  }
}

} // namespace calcisol

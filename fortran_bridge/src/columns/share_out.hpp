// What a host gives of a whole layer, shared out over the thin pieces of that layer (split_columns.hpp).
//
// What roots, microbes and weathering bring and take of solutes and carbon falls with depth as roots and organic matter
// do, exponentially (Jackson et al. 1996, Oecologia 108, 389-411, doi:10.1007/BF00333714; Jobbagy & Jackson 2000, Ecol.
// Appl. 10, 423-436): in each layer with the harmonic mean of the rates that its neighbours' means ask for, evenly at
// an extreme or a change of sign. Water that is taken and temperature: their sum above a depth is known at the faces of
// the host's layers; a monotone cubic through these points (PCHIP: Fritsch & Carlson 1980, SIAM J. Numer. Anal. 17,
// 238-246, doi:10.1137/0717021; slopes of Fritsch & Butland 1984, SIAM J. Sci. Stat. Comput. 5, 300-304,
// doi:10.1137/0905021) gives it at the faces of the pieces, whose differences are their shares. Each layer keeps its
// total and its sign, and what changes a little changes a little. Water has one content in all pieces of a layer:
// measured better than any profile (emulator/docs/results_log.md).
#pragma once

#include <cstdint>

#include "calcisol_constants.hpp"

namespace calcisol {

constexpr int most_layers = constants::max_layers;

// Layers of one column and their pieces.
struct Split {
  int layers;
  const int *pieces;       // of each layer
  const double *thickness; // of each piece, m
  const double *porosity;  // of each piece
};

// Pieces of layers `dz` [m] thick: the fewest no thicker than `thickest` plus a tenth of the depth at which their layer
// begins; one each where that is 0. Failure where they are more than a column may have.
void propose_pieces(int layers, const double *dz, double thickest, std::int32_t *pieces);

// `amount` of each layer to `shares` of each piece, along exponentials.
void share_out_exponentially(const Split &split, const double *amount, double *shares);

// The same by the cubic.
void share_out(const Split &split, const double *amount, double *shares);

// What has a mean in each layer and no steps between them, as temperature: the cubic of its integral over depth.
void share_out_mean(const Split &split, const double *mean, double *values);

// By thickness.
void share_out_evenly(const Split &split, const double *amount, double *shares);

// What does not depend on the thickness of a layer: the same in all its pieces.
void repeat(const Split &split, const double *value, double *values);

// Water, by thickness; in a layer of unlike pieces drawn towards shares by pore space as far as is needed for no piece
// to hold more than its pores, where the layer does not. `ice` may be NULL.
void share_out_water(const Split &split, const double *liquid, const double *ice, double *liquid_shares,
                     double *ice_shares);

// Water through the lower faces of the pieces from that through the lower faces of the layers, kg m-2 s-1: what a layer
// stores is stored by thickness, what leaves it sideways or by roots does so as shared out (`sinks`). What the
// uppermost layer stores is known piece by piece (`stored`), as nothing is known of the flux through the surface.
void share_out_faces(const Split &split, const double *through, const double *sinks, const double *stored,
                     double *shares);

} // namespace calcisol

/* Daily soil water in layers, many columns a call. Lengths in m, times in days; every array is float64, contiguous,
 * columns last: [day][layer][column]. What is solved, and its sources: column.hpp. */
#ifndef CALCISOL_SOIL_WATER_H
#define CALCISOL_SOIL_WATER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int64_t columns, layers, days;
  /* soil */
  const double *dz;          /* [layer] thickness */
  const double *porosity;    /* [layer][column] */
  const double *residual;    /* [layer][column] residual saturation, as a share of the pores */
  const double *alpha;       /* [layer][column] van Genuchten alpha, m-1 */
  const double *n;           /* [layer][column] van Genuchten n, above 1 */
  const double *k_sat;       /* [layer][column] saturated conductivity, m d-1 */
  const double *roots;       /* [layer][column] root density, any unit */
  const double *evaporating; /* [layer] share of the evaporation demand that a layer meets, sum 1 */
  const double *table_depth; /* [column] depth of a water table below the surface; NaN: free drainage */
  const double *pond_limit;  /* [column] water that may stand on the surface; more runs off */
  double head_wilting, head_field, head_air_dry; /* suction in m at which uptake ends, is unhindered; soil is air dry */
  /* weather */
  const double *rain;          /* [day][column] m d-1, irrigation and melt included */
  const double *transpiration; /* [day][column] m d-1, demand */
  const double *evaporation;   /* [day][column] m d-1, demand */
  const double *conducting;    /* [day][layer][column] share of the conductivity that frost leaves; NULL: 1 */
  /* state, in and out */
  double *saturation; /* [layer][column] share of the pores */
  double *pond;       /* [column] m */
  double *step;       /* [column] d, length of the next step tried; 1 at the start */
  /* results of each day */
  double *water;       /* [day][layer][column] m, at its end */
  double *uptake;      /* [day][layer][column] m, by roots */
  double *evaporated;  /* [day][layer][column] m */
  double *percolation; /* [day][layer][column] m, through the lower face, downward positive */
  double *infiltrated; /* [day][column] m */
  double *runoff;      /* [day][column] m */
  int64_t *steps;      /* [column] steps taken, those tried again included */
} calcisol_soil_water;

/* Advance all columns by `days`. Returns 0, or the number (from 1) of the first column in which no step succeeds. */
int64_t calcisol_soil_water_run(const calcisol_soil_water *run);

/* Heat of the same columns, day by day: what is solved, and its units: soil_temperature.py. */
typedef struct {
  int64_t columns, layers, below, days; /* layers of the soil, and those below it */
  /* of the tridiagonal system, [layer, those below included] */
  const double *above, *ratio, *inverse;
  const double *air;   /* [day][column] degC */
  double *temperature; /* [layer, those below included][column] degC, in and out */
  double *ends;        /* [day][layer][column] degC, at the end of each day */
} calcisol_soil_heat;

void calcisol_soil_heat_run(const calcisol_soil_heat *run);

#ifdef __cplusplus
}
#endif
#endif

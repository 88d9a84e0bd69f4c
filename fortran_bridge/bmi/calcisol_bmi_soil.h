/* The object behind Bmi.data; private to the two sources of the component. */
#ifndef CALCISOL_BMI_SOIL_H
#define CALCISOL_BMI_SOIL_H
#include "bmi.h"
#include <calcisol.h>

enum { N_VALUES = CALCISOL_N_FORCING + CALCISOL_N_OUTPUT, MAX_LAYERS = CALCISOL_MAX_LAYERS, TEXT = 256 };

typedef struct {
  calcisol_model *model;
  calcisol_columns *soil;
  int ncol, nlay, given[CALCISOL_N_FORCING]; /* given: set, or pointed to */
  double dt, now, end, depth[MAX_LAYERS];
  double *values[N_VALUES]; /* forcing, then outputs */
} Soil;

/* Keep one sentence (what, with one %s for name) and return BMI_FAILURE. */
int calcisol_bmi_fail(const char *what, const char *name);
#define fail calcisol_bmi_fail
/* Read the configuration, open the bundle, make columns and arrays. */
int calcisol_bmi_setup(Soil *soil, const char *config_file);
#endif

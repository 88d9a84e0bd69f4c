/* The configuration of calcisol_bmi.h, and the columns and arrays made from it. */
#include "calcisol_bmi_soil.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int numbers(char *text, double *values, int most) {
  int n = 0;
  for (char *end = text; n < most; text = end, ++n) {
    values[n] = strtod(text, &end);
    if (end == text)
      break;
  }
  return n;
}

/* One line of the configuration; statics[row] gets the numbers of a property. */
static int read_line(Soil *s, char *line, char *bundle, double *steps, double statics[][MAX_LAYERS], int *count) {
  char name[64], *equals;
  calcisol_variable_info info;
  double values[MAX_LAYERS];
  line[strcspn(line, "#\r\n")] = '\0';
  if (sscanf(line, "%63s", name) != 1)
    return BMI_SUCCESS;
  equals = strchr(line, '=');
  if (equals == NULL)
    return fail("the configuration line \"%s\" has no =; write name = values", name);
  name[strcspn(name, "=")] = '\0';
  if (strcmp(name, "bundle") == 0)
    return sscanf(equals + 1, " %1023[^\n]", bundle) == 1 ? BMI_SUCCESS : fail("%s has no value", name);
  int n = numbers(equals + 1, values, MAX_LAYERS);
  if (n < 1)
    return fail("%s has no number in the configuration", name);
  if (strcmp(name, "columns") == 0)
    return s->ncol = (int)values[0], BMI_SUCCESS;
  if (strcmp(name, "dt") == 0)
    return s->dt = values[0], BMI_SUCCESS;
  if (strcmp(name, "steps") == 0)
    return *steps = values[0], BMI_SUCCESS;
  for (int row = 0; row < CALCISOL_N_STATIC; ++row) {
    calcisol_variable_get(CALCISOL_ROLE_STATIC, row, &info);
    if (strcmp(info.name, name) != 0)
      continue;
    memcpy(statics[row], values, sizeof values), count[row] = n;
    return BMI_SUCCESS;
  }
  return fail("%s is no setting; use bundle, columns, dt, steps or a static variable of calcisol", name);
}

static int create(Soil *s, const char *bundle, double statics[][MAX_LAYERS], const int *count) {
  calcisol_view fixed[CALCISOL_N_STATIC] = {{0}};
  calcisol_variable_info info;
  s->nlay = count[CALCISOL_SOIL_DZ];
  if (s->nlay < 1 || s->ncol < 1 || !(s->dt > 0.0))
    return fail("the configuration needs %s", "dz, columns and dt, all positive");
  for (int row = 0; row < CALCISOL_N_STATIC; ++row) {
    calcisol_variable_get(CALCISOL_ROLE_STATIC, row, &info);
    if (count[row] > 1 && count[row] != s->nlay)
      return fail("%s has another number of values than dz; give one, or one a layer", info.name);
    if (count[row] > 0)
      fixed[row] = calcisol_f64(statics[row], 0, count[row] > 1);
  }
  for (int l = 0; l < s->nlay; ++l) /* centres of the layers */
    s->depth[l] = (l ? s->depth[l - 1] + 0.5 * statics[CALCISOL_SOIL_DZ][l - 1] : 0.0) + 0.5 * statics[CALCISOL_SOIL_DZ][l];
  for (int k = 0; k < N_VALUES; ++k) {
    const int output = k >= CALCISOL_N_FORCING;
    const size_t size = (size_t)s->ncol * (size_t)s->nlay;
    calcisol_variable_get(output ? CALCISOL_ROLE_OUTPUT : CALCISOL_ROLE_FORCING, output ? k - CALCISOL_N_FORCING : k, &info);
    if ((s->values[k] = malloc(size * sizeof(double))) == NULL)
      return fail("out of memory for %s", info.name);
    for (size_t i = 0; i < size; ++i)
      s->values[k][i] = output || isnan(info.fill) ? -9999.0 : info.fill;
  }
  if (calcisol_open(bundle, NULL, &s->model) != CALCISOL_OK ||
      calcisol_columns_create(s->model, s->ncol, s->nlay, fixed, CALCISOL_N_STATIC, NULL, &s->soil) != CALCISOL_OK)
    return fail("%s", calcisol_last_error());
  return BMI_SUCCESS;
}

int calcisol_bmi_setup(Soil *s, const char *config_file) {
  double statics[CALCISOL_N_STATIC][MAX_LAYERS], steps = 365.0;
  int count[CALCISOL_N_STATIC] = {0}, status = BMI_SUCCESS;
  char line[4096], bundle[1024] = "";
  FILE *file = config_file == NULL ? NULL : fopen(config_file, "r");
  if (file == NULL)
    return fail("the configuration file %s cannot be opened", config_file == NULL ? "NULL" : config_file);
  s->ncol = 1, s->dt = CALCISOL_SECONDS_PER_DAY;
  while (status == BMI_SUCCESS && fgets(line, sizeof line, file) != NULL)
    status = read_line(s, line, bundle, &steps, statics, count);
  fclose(file);
  if (status == BMI_SUCCESS)
    status = create(s, bundle, statics, count);
  s->end = steps * s->dt;
  return status;
}

/* The functions of calcisol_bmi.h. One array a variable, [layer][column], allocated at its default; time in seconds from 0. */
#include "calcisol_bmi.h"

#include "calcisol_bmi_soil.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char message[TEXT];
const char *calcisol_bmi_error(void) { return message; }

int calcisol_bmi_fail(const char *what, const char *name) {
  snprintf(message, sizeof message, what, name);
  return BMI_FAILURE;
}
static int copy_text(char *target, const char *text) { return strcpy(target, text), BMI_SUCCESS; }
static Soil *soil_of(Bmi *self) { return (Soil *)self->data; }

/* Row of a variable in values and what it is; -1 for an unknown name. */
static int find(const char *name, calcisol_variable_info *info) {
  for (int k = 0; k < N_VALUES; ++k) {
    const int output = k >= CALCISOL_N_FORCING;
    calcisol_variable_get(output ? CALCISOL_ROLE_OUTPUT : CALCISOL_ROLE_FORCING, output ? k - CALCISOL_N_FORCING : k, info);
    if (strcmp(info->name, name) == 0)
      return k;
  }
  fail("%s is no variable of this component; ask get_input_var_names and get_output_var_names", name);
  return -1;
}

/* ---- initialize, update, finalize -------------------------------------------------------------------------------- */
static int finalize(Bmi *self) {
  Soil *s = soil_of(self);
  if (s == NULL)
    return BMI_SUCCESS;
  calcisol_columns_free(&s->soil);
  calcisol_close(&s->model);
  for (int k = 0; k < N_VALUES; ++k)
    free(s->values[k]);
  free(s);
  self->data = NULL;
  return BMI_SUCCESS;
}

static int initialize(Bmi *self, const char *config_file) {
  finalize(self);
  Soil *s = self->data = calloc(1, sizeof(Soil));
  if (s == NULL)
    return fail("out of memory for %s", "the component");
  return calcisol_bmi_setup(s, config_file) == BMI_SUCCESS ? BMI_SUCCESS : (finalize(self), BMI_FAILURE);
}

static int step(Soil *s, double dt) {
  calcisol_view in[CALCISOL_N_FORCING] = {{0}};
  calcisol_target out[CALCISOL_N_OUTPUT];
  for (int k = 0; k < CALCISOL_N_FORCING; ++k)
    if (s->given[k])
      in[k] = calcisol_f64(s->values[k], 1, s->ncol);
  for (int k = 0; k < CALCISOL_N_OUTPUT; ++k)
    out[k] = calcisol_to_f64(s->values[CALCISOL_N_FORCING + k], 1, s->ncol);
  if (calcisol_step(s->soil, dt, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL) != CALCISOL_OK)
    return fail("%s", calcisol_last_error());
  s->now += dt;
  return BMI_SUCCESS;
}

static int update(Bmi *self) { return step(soil_of(self), soil_of(self)->dt); }

/* Whole steps, then what is left as one shorter step; a rest below the library's least step (60 s) is refused. */
static int update_until(Bmi *self, double then) {
  Soil *s = soil_of(self);
  int status = BMI_SUCCESS;
  if (then < s->now)
    return fail("update_until was asked to go %s", "back in time");
  while (status == BMI_SUCCESS && s->now + s->dt <= then * (1.0 + 1e-12))
    status = step(s, s->dt);
  if (status == BMI_SUCCESS && then - s->now > 1e-9 * s->dt)
    status = step(s, then - s->now);
  return status;
}

/* ---- names, variables, time --------------------------------------------------------------------------------------- */
static int get_component_name(Bmi *self, char *name) { return (void)self, copy_text(name, "calcisol"); }
static int get_input_item_count(Bmi *self, int *count) { return (void)self, *count = CALCISOL_N_FORCING, BMI_SUCCESS; }
static int get_output_item_count(Bmi *self, int *count) { return (void)self, *count = CALCISOL_N_OUTPUT, BMI_SUCCESS; }

static int names_of(int role, int count, char **names) {
  calcisol_variable_info info;
  for (int k = 0; k < count; ++k) {
    calcisol_variable_get(role, k, &info);
    copy_text(names[k], info.name);
  }
  return BMI_SUCCESS;
}
static int get_input_var_names(Bmi *self, char **names) {
  return (void)self, names_of(CALCISOL_ROLE_FORCING, CALCISOL_N_FORCING, names);
}
static int get_output_var_names(Bmi *self, char **names) {
  return (void)self, names_of(CALCISOL_ROLE_OUTPUT, CALCISOL_N_OUTPUT, names);
}

static int get_var_grid(Bmi *self, const char *name, int *grid) {
  calcisol_variable_info info;
  (void)self;
  return find(name, &info) < 0 ? BMI_FAILURE : (*grid = info.layered, BMI_SUCCESS);
}
static int get_var_type(Bmi *self, const char *name, char *type) {
  calcisol_variable_info info;
  (void)self;
  return find(name, &info) < 0 ? BMI_FAILURE : copy_text(type, "double");
}
static int get_var_units(Bmi *self, const char *name, char *units) {
  calcisol_variable_info info;
  (void)self;
  return find(name, &info) < 0 ? BMI_FAILURE : copy_text(units, info.units);
}
static int get_var_itemsize(Bmi *self, const char *name, int *size) {
  calcisol_variable_info info;
  (void)self;
  return find(name, &info) < 0 ? BMI_FAILURE : (*size = (int)sizeof(double), BMI_SUCCESS);
}
static int get_grid_size(Bmi *self, int grid, int *size);
static int get_var_nbytes(Bmi *self, const char *name, int *nbytes) {
  int grid = 0, size = 0;
  if (get_var_grid(self, name, &grid) || get_grid_size(self, grid, &size))
    return BMI_FAILURE;
  return *nbytes = size * (int)sizeof(double), BMI_SUCCESS;
}
static int get_var_location(Bmi *self, const char *name, char *location) {
  calcisol_variable_info info;
  (void)self;
  return find(name, &info) < 0 ? BMI_FAILURE : copy_text(location, "node");
}

static int get_current_time(Bmi *self, double *time) { return *time = soil_of(self)->now, BMI_SUCCESS; }
static int get_start_time(Bmi *self, double *time) { return (void)self, *time = 0.0, BMI_SUCCESS; }
static int get_end_time(Bmi *self, double *time) { return *time = soil_of(self)->end, BMI_SUCCESS; }
static int get_time_units(Bmi *self, char *units) { return (void)self, copy_text(units, "s"); }
static int get_time_step(Bmi *self, double *dt) { return *dt = soil_of(self)->dt, BMI_SUCCESS; }

/* ---- values ------------------------------------------------------------------------------------------------------- */
static int get_value_ptr(Bmi *self, const char *name, void **pointer) {
  calcisol_variable_info info;
  const int k = find(name, &info);
  if (k < 0)
    return BMI_FAILURE;
  if (k < CALCISOL_N_FORCING)
    soil_of(self)->given[k] = 1; /* who holds the pointer may write */
  *pointer = soil_of(self)->values[k];
  return BMI_SUCCESS;
}
static double *values_of(Bmi *self, const char *name, int write, int *size) {
  calcisol_variable_info info;
  const int k = find(name, &info);
  if (k < 0)
    return NULL;
  if (write && k >= CALCISOL_N_FORCING)
    return fail("%s is an output; set inputs only", name), NULL;
  if (write)
    soil_of(self)->given[k] = 1;
  get_grid_size(self, info.layered, size);
  return soil_of(self)->values[k];
}
static int get_value(Bmi *self, const char *name, void *dest) {
  int size = 0;
  const double *values = values_of(self, name, 0, &size);
  return values == NULL ? BMI_FAILURE : (memcpy(dest, values, (size_t)size * sizeof(double)), BMI_SUCCESS);
}
static int set_value(Bmi *self, const char *name, void *src) {
  int size = 0;
  double *values = values_of(self, name, 1, &size);
  return values == NULL ? BMI_FAILURE : (memcpy(values, src, (size_t)size * sizeof(double)), BMI_SUCCESS);
}
static int at_indices(double *values, int size, const int *inds, int count, double *other, int write) {
  if (values == NULL)
    return BMI_FAILURE;
  for (int i = 0; i < count; ++i) {
    if (inds[i] < 0 || inds[i] >= size)
      return fail("an index lies outside the %s", "grid");
    write ? (values[inds[i]] = other[i]) : (other[i] = values[inds[i]]);
  }
  return BMI_SUCCESS;
}
static int get_value_at_indices(Bmi *self, const char *name, void *dest, int *inds, int count) {
  int size = 0;
  double *values = values_of(self, name, 0, &size);
  return at_indices(values, size, inds, count, dest, 0);
}
static int set_value_at_indices(Bmi *self, const char *name, int *inds, int count, void *src) {
  int size = 0;
  double *values = values_of(self, name, 1, &size);
  return at_indices(values, size, inds, count, src, 1);
}

/* ---- grids: 0 the columns, uniform; 1 layers and columns, rectilinear in depth ------------------------------------- */
static int is_grid(int grid) { return grid == 0 || grid == 1 ? BMI_SUCCESS : fail("there is no such grid; use %s", "0 or 1"); }
static int get_grid_rank(Bmi *self, int grid, int *rank) { return (void)self, *rank = 1 + (grid == 1), is_grid(grid); }
static int get_grid_size(Bmi *self, int grid, int *size) {
  return *size = soil_of(self)->ncol * (grid == 1 ? soil_of(self)->nlay : 1), is_grid(grid);
}
static int get_grid_type(Bmi *self, int grid, char *type) {
  return (void)self, copy_text(type, grid == 1 ? "rectilinear" : "uniform_rectilinear"), is_grid(grid);
}
static int get_grid_shape(Bmi *self, int grid, int *shape) {
  if (grid == 1)
    *shape++ = soil_of(self)->nlay;
  return *shape = soil_of(self)->ncol, is_grid(grid);
}
static int uniform(int grid, double *value, double is) {
  return grid == 0 ? (*value = is, BMI_SUCCESS) : fail("only %s has a spacing and an origin", "grid 0");
}
static int get_grid_spacing(Bmi *self, int grid, double *spacing) { return (void)self, uniform(grid, spacing, 1.0); }
static int get_grid_origin(Bmi *self, int grid, double *origin) { return (void)self, uniform(grid, origin, 0.0); }
static int get_grid_x(Bmi *self, int grid, double *x) {
  for (int c = 0; c < soil_of(self)->ncol; ++c)
    x[c] = c;
  return is_grid(grid);
}
static int get_grid_y(Bmi *self, int grid, double *y) {
  if (grid != 1)
    return fail("only %s has a depth", "grid 1");
  return memcpy(y, soil_of(self)->depth, (size_t)soil_of(self)->nlay * sizeof(double)), BMI_SUCCESS;
}
static int get_grid_node_count(Bmi *self, int grid, int *count) { return get_grid_size(self, grid, count); }
static int no_count(Bmi *self, int grid, int *count) { return (void)self, (void)grid, (void)count, fail("no %s here", "edges or faces"); }
static int no_coordinate(Bmi *self, int grid, double *z) { return (void)self, (void)grid, (void)z, fail("no %s here", "third dimension"); }

Bmi *calcisol_register_bmi(Bmi *model) {
  if (model == NULL)
    return NULL;
  *model = (Bmi){NULL, initialize, update, update_until, finalize, get_component_name, get_input_item_count,
                 get_output_item_count, get_input_var_names, get_output_var_names, get_var_grid, get_var_type, get_var_units,
                 get_var_itemsize, get_var_nbytes, get_var_location, get_current_time, get_start_time, get_end_time,
                 get_time_units, get_time_step, get_value, get_value_ptr, get_value_at_indices, set_value,
                 set_value_at_indices, get_grid_rank, get_grid_size, get_grid_type, get_grid_shape, get_grid_spacing,
                 get_grid_origin, get_grid_x, get_grid_y, no_coordinate, get_grid_node_count, no_count, no_count, no_count,
                 no_count, no_count, no_count};
  return model;
}

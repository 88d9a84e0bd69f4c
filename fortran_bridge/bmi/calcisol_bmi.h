/* calcisol as a component with the Basic Model Interface 2.0 of CSDMS (C bindings, bmi.h of csdms/bmi-c, not shipped here).
 *
 * What      Bmi *calcisol_register_bmi(Bmi *model) fills the table of functions; the state behind it is model->data.
 * Config    text, "name = values", # starts a comment:   bundle = /path/default.calcisol
 *           columns = 4;  dt = 86400 (s);  steps = 365;  dz = 0.1 0.2 0.3 (m, one number a layer); any static variable of
 *           variables.toml with one number, or one a layer.
 * Variables inputs are the forcing, outputs the outputs of variables.toml, by name; double; grid 0: columns, grid 1: [layer][column].
 *           An input that was never set or pointed to is absent and takes its default.
 * Errors    BMI_FAILURE, and one sentence in calcisol_bmi_error(). Nothing prints or exits.
 * Build     cc -c calcisol_bmi.c calcisol_bmi_setup.c $(pkg-config --cflags bmic calcisol)
 */
#ifndef CALCISOL_BMI_H
#define CALCISOL_BMI_H
#include "bmi.h"

Bmi *calcisol_register_bmi(Bmi *model);
const char *calcisol_bmi_error(void);
#endif

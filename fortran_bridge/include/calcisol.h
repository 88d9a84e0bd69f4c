/* calcisol.h: soil pH and carbonate chemistry for land-surface models. C ABI version 1.
 *
 * A host opens a model (a bundle file), creates columns (static soil and state), and calls step once per time step:
 *
 *   calcisol_model *model = NULL;  calcisol_columns *soil = NULL;
 *   calcisol_view in[CALCISOL_N_FORCING] = {{0}};  calcisol_target out[CALCISOL_N_OUTPUT] = {{0}};
 *   if (calcisol_open("default.calcisol", NULL, &model)) puts(calcisol_last_error());
 *   calcisol_columns_create(model, ncol, nlay, properties, CALCISOL_N_STATIC, NULL, &soil);
 *   in[CALCISOL_W_LIQ] = calcisol_f64(w_liq, 1, ncol);             // Fortran order: columns are neighbours
 *   out[CALCISOL_OUT_PH] = calcisol_to_f64(ph, 1, ncol);
 *   calcisol_step(soil, 1800.0, in, CALCISOL_N_FORCING, out, CALCISOL_N_OUTPUT, NULL, NULL);
 *   calcisol_columns_free(&soil);  calcisol_close(&model);
 *
 * Arrays    are views of the caller's memory: first element, type, and the distance in elements between neighbouring
 *           columns and layers, so any order, slice or broadcast (stride 0, inputs only) works without a copy. They stand
 *           in arrays indexed by the names of calcisol_variables.h, which gives unit, shape and default of each (and constants:
 *           molar masses, limits, codes of missing values). A zeroed view is an absent one: inputs take their default, outputs
 *           are not written. Layer 1 is at the surface.
 * Signs     SI; amounts per m2 of soil and layer; rates are means over the step; water and solute fluxes + downward; sinks
 *           + out of the soil; sources + into the layer; CO2 + to the atmosphere.
 * Errors    Every call returns a status; text by calcisol_last_error. Nothing throws, prints, aborts or exits. A call that
 *           fails leaves the state as it was (outputs may be half written). NULL handles give CALCISOL_ERROR_ARGUMENT.
 * Bad cells NaN, infinity, |x| >= 1e19, -9999 or 999999 in an input make its column invalid for this step: state untouched,
 *           outputs NaN, flag CALCISOL_FLAG_INVALID, neighbours unaffected. A value outside its valid range is clipped and
 *           flagged, one of the soil in every step. Both are counted in the report, and the text of the first one is in
 *           calcisol_last_error.
 * Threads   Calls on different columns may run at the same time, also of one model; calls on one columns object may not.
 *           OpenMP thread count and floating-point environment (traps, rounding) are as before after every call.
 * Bits      A column's results depend neither on which other columns share the call nor on their order or number.
 * Thick layers (calcisol_columns_create_split) may be split inside into thin pieces, so that water and solutes move through a
 *           layer of 0.1 to 1 m, which is otherwise mixed at every step. Arrays, messages, flags and counts of a step are those
 *           of the host's layers, the state is that of the pieces. What roots, microbes and weathering bring or take is shared
 *           out along exponentials over depth, water taken and temperature by a monotone cubic (PCHIP; Fritsch & Carlson 1980),
 *           totals and signs kept; nitrogen that a piece lacks is taken from others of its layer. Water is even (never more than
 *           a piece's pores where the layer has room), fluxes between pieces follow from what each stores and loses; what
 *           reaches the surface enters the uppermost. Outputs: sums of amounts, means by thickness of the rest, flags of all
 *           pieces, laboratory pH of the layer mixed. A column costs what its pieces do. Steps are cut, water linear within,
 *           at two days (on a device: refused) and where more water passes a piece than it holds. Arrays lie in host memory.
 * Growth    Structs that start with struct_size may get more fields at their end. A library takes a shorter one (what is
 *           missing has its default) and a longer one whose unknown fields are 0.
 * Devices   A model opened with options.device = CALCISOL_DEVICE keeps its columns' state on a CUDA device. Views say where
 *           they lie: device arrays are used in place, host arrays are copied. A call is queued on the stream of the columns
 *           and comes back at once, unless it has a report or host arrays: those it reads may change again afterwards, those
 *           it writes are written. The first step of new columns waits too. The native engine needs the driver alone,
 *           TorchScript a torch with CUDA; no toolkit is needed, and there is no silent fall-back to the host. Columns live
 *           in the CUDA context that is current when the model is opened, or else in the primary one of the device.
 */
#ifndef CALCISOL_H
#define CALCISOL_H

#include <stddef.h>
#include <stdint.h>

#include "calcisol_variables.h"

#if defined(__GNUC__)
#define CALCISOL_API __attribute__((visibility("default")))
#else
#define CALCISOL_API
#endif
#define CALCISOL_SINCE(version) /* first version of the ABI with this entry */
#define CALCISOL_ABI_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t calcisol_status;
enum calcisol_status_code {
  CALCISOL_OK = 0,
  CALCISOL_ERROR_ARGUMENT = 1,    /* NULL, negative or impossible argument; wrong number of views */
  CALCISOL_ERROR_MISSING = 2,     /* a required variable was not given */
  CALCISOL_ERROR_BUNDLE = 3,      /* the file is no bundle, damaged, changed, or of another schema or variable table */
  CALCISOL_ERROR_TORCH = 4,       /* TorchScript was to step: torch is missing, or of another minor version than built with */
  CALCISOL_ERROR_MODEL = 5,       /* the module in the bundle failed or answered with wrong shapes */
  CALCISOL_ERROR_MEMORY = 6,      /* out of memory */
  CALCISOL_ERROR_UNSUPPORTED = 7, /* not available here (no device, a lost one, or device memory given to a model on the host) */
  CALCISOL_ERROR_STATE = 8,       /* the state is incomplete or asked for before the first step */
  CALCISOL_ERROR_INTERNAL = 9     /* a defect of the library */
};
enum calcisol_dtype { CALCISOL_F64 = 0, CALCISOL_F32 = 1, CALCISOL_I32 = 2 };
enum calcisol_memory {
  CALCISOL_HOST = 0,
  CALCISOL_DEVICE = 1,  /* a CUDA device */
  CALCISOL_AUTO = 2,    /* views only: ask the CUDA driver; host where there is none */
  CALCISOL_EMULATED = 3 /* options.device only: the device path on the host, to test a GPU host without a GPU */
};
enum calcisol_log_level { CALCISOL_LOG_INFO = 1, CALCISOL_LOG_WARNING = 2, CALCISOL_LOG_ERROR = 3 };
enum calcisol_engine { /* what steps: both read the same bundle and agree to float32; calcisol_describe says which runs */
  CALCISOL_ENGINE_AUTO = 0,        /* native where the library has a kernel of the bundle's step for the device, else TorchScript */
  CALCISOL_ENGINE_TORCHSCRIPT = 1, /* the reference; loads torch */
  CALCISOL_ENGINE_NATIVE = 2       /* needs no torch; CALCISOL_ERROR_UNSUPPORTED where it does not fit: no silent fall-back */
};
enum calcisol_role {
  CALCISOL_ROLE_STATIC = 1, CALCISOL_ROLE_FORCING = 2, CALCISOL_ROLE_OUTPUT = 3, CALCISOL_ROLE_LAB = 4,
  CALCISOL_ROLE_STATE = 5
};

typedef struct calcisol_model calcisol_model;     /* a bundle, loaded; shared by any number of columns */
typedef struct calcisol_columns calcisol_columns; /* static soil and float64 state of ncol columns of nlay layers */

typedef struct calcisol_view {   /* array to read; all zero = absent */
  const void *data;              /* first element (column 1, layer 1) */
  int32_t dtype;                 /* CALCISOL_F64 or CALCISOL_F32 */
  int32_t memory;                /* CALCISOL_HOST, CALCISOL_DEVICE or CALCISOL_AUTO */
  int64_t column_stride;         /* elements from one column to the next; 0 = the same for all */
  int64_t layer_stride;          /* elements from one layer to the next; not read where the shape is [ncol] */
} calcisol_view;

typedef struct calcisol_target { /* array to write; all zero = not wanted */
  void *data;
  int32_t dtype;
  int32_t memory;
  int64_t column_stride;
  int64_t layer_stride;
} calcisol_target;

/* Called with one sentence at the end of the call it belongs to, on the calling thread, in the host's own environment:
 * errors always, warnings (a bad or clipped value) once for each kind and columns object. It must not call calcisol. */
typedef void (*calcisol_log_function)(void *user, int32_t level, const char *text);

typedef struct calcisol_options { /* fill with calcisol_options_init, then change what you need */
  int64_t struct_size;            /* bytes */
  int32_t device;                 /* CALCISOL_HOST, CALCISOL_DEVICE or CALCISOL_EMULATED */
  int32_t threads;                /* threads of torch inside a call; 1. The native engine runs on the caller's alone */
  int32_t tile_columns;           /* columns handed to the module at once; 0 = 128. Same value, same bits. Host only */
  int32_t device_index;           /* number of the CUDA device; -1 = the current one of the calling thread */
  calcisol_log_function log;      /* NULL = none */
  void *log_user;                 /* handed to log */
  int32_t device_graph;           /* TorchScript: 0 = steps are captured into CUDA graphs and replayed, 1 = launched one by one */
  int32_t engine;                 /* enum calcisol_engine; CALCISOL_ENGINE_AUTO */
  const char *engine_library;     /* path of kernels made by `calcisol compile`, for a device with --device; read during the open.
                                   * NULL = the environment variable CALCISOL_ENGINE_LIBRARY, or none. It is code that will
                                   * run in this process: it is never looked for, only loaded where somebody names it. It steps a
                                   * bundle of its own step graph only. Another bundle is refused where the option names
                                   * the library, and stepped as without one, with a warning, where the variable does. */
} calcisol_options;

typedef struct calcisol_report {   /* what happened in one call; zero it, set struct_size = sizeof(calcisol_report) */
  int64_t struct_size;
  int64_t columns_stepped;
  int64_t columns_inactive;        /* active = 0 */
  int64_t columns_invalid;
  int64_t cells_clipped;           /* cells of stepped columns with that bit of the flag */
  int64_t cells_outside_envelope;
  int64_t cells_fallback;
  int64_t cells_residual;
} calcisol_report;

typedef struct calcisol_split { /* see Thick layers */
  const int32_t *pieces;        /* [nlay] of each layer; 1 = as it is */
  int32_t soil_by_piece;        /* 0: properties are [ncol][nlay], pieces of a layer alike; 1: [ncol][sum of pieces] */
} calcisol_split;

typedef struct calcisol_variable_info { /* texts live as long as the library */
  const char *name;
  const char *units;
  const char *long_name;
  const char *standard_name; /* "" where CF has none */
  double fill;               /* default of an absent input; NaN: derived by the model */
  double valid_low;          /* NaN: no range */
  double valid_high;
  int32_t layered;           /* 1: [ncol][nlay], 0: [ncol] */
  int32_t required;
} calcisol_variable_info;

/* ---- the library ------------------------------------------------------------------------------------------------ */
/* ABI version of the library; compare with CALCISOL_ABI_VERSION. */
CALCISOL_API int32_t calcisol_abi_version(void) CALCISOL_SINCE(1);
/* Version, back end, torch built with and, where it is loaded, its version, native kernel, device code: one line. Loads nothing. */
CALCISOL_API const char *calcisol_build_info(void) CALCISOL_SINCE(1);
/* Name of a status, e.g. "bundle". */
CALCISOL_API const char *calcisol_status_string(calcisol_status status) CALCISOL_SINCE(1);
/* One sentence on the last call of this thread that failed or met a bad cell; "" if none did. */
CALCISOL_API const char *calcisol_last_error(void) CALCISOL_SINCE(1);
/* Number of variables of a role (enum calcisol_role), -1 for an unknown role. */
CALCISOL_API int32_t calcisol_variable_count(int32_t role) CALCISOL_SINCE(1);
/* Name, unit, range and default of one variable; row counts from 0. */
CALCISOL_API calcisol_status calcisol_variable_get(int32_t role, int32_t row,
                                                   calcisol_variable_info *info) CALCISOL_SINCE(1);

/* ---- the model -------------------------------------------------------------------------------------------------- */
/* Defaults. The size is that of the host's header: the library fills no more than the host has. */
CALCISOL_API calcisol_status calcisol_options_init(calcisol_options *options,
                                                   int64_t struct_size /* sizeof(calcisol_options) */
                                                   ) CALCISOL_SINCE(1);
/* Load a bundle after checking it. The handle must be NULL before: an open model is not silently lost. */
CALCISOL_API calcisol_status calcisol_open(const char *path,                /* file name, UTF-8 */
                                           const calcisol_options *options, /* NULL = defaults */
                                           calcisol_model **model) CALCISOL_SINCE(1);
/* The same from memory (one rank reads, MPI_Bcast, all open). The bytes are not needed after the call. */
CALCISOL_API calcisol_status calcisol_open_from_memory(const void *bytes, int64_t size, const calcisol_options *options,
                                                       calcisol_model **model) CALCISOL_SINCE(1);
/* Contract of the bundle as JSON text; lives as long as the model. */
CALCISOL_API calcisol_status calcisol_describe(const calcisol_model *model, const char **json) CALCISOL_SINCE(1);
/* Free the model and set the handle to NULL. Columns made from it stay usable. NULL is fine. */
CALCISOL_API void calcisol_close(calcisol_model **model) CALCISOL_SINCE(1);

/* ---- devices ---------------------------------------------------------------------------------------------------- */
/* Number of CUDA devices this process can see; 0 without a driver. */
CALCISOL_API calcisol_status calcisol_device_count(int32_t *count) CALCISOL_SINCE(1);
/* Device for an MPI rank: local_rank modulo the number of devices. -1 takes the local rank from the launcher's environment
 * (Open MPI, MPICH, Intel MPI, MVAPICH, Slurm). CALCISOL_ERROR_UNSUPPORTED where there is no device. */
CALCISOL_API calcisol_status calcisol_device_of_rank(int32_t local_rank, int32_t *device_index) CALCISOL_SINCE(1);

/* ---- columns ---------------------------------------------------------------------------------------------------- */
/* Columns of one soil; ncol = 0 is fine (a rank without land). A column with a bad static value is invalid in every step.*/
CALCISOL_API calcisol_status calcisol_columns_create(calcisol_model *model,
                                                     int64_t ncol,                    /* 0 or more */
                                                     int32_t nlay,                    /* 1 to CALCISOL_MAX_LAYERS */
                                                     const calcisol_view *properties, /* [CALCISOL_N_STATIC] */
                                                     int32_t n_properties,            /* CALCISOL_N_STATIC */
                                                     calcisol_report *report,         /* NULL = not wanted */
                                                     calcisol_columns **columns) CALCISOL_SINCE(1);
/* The same with layers split, in all into at most CALCISOL_MAX_LAYERS pieces. One each: the bits of columns_create. */
CALCISOL_API calcisol_status calcisol_columns_create_split(calcisol_model *model, int64_t ncol, int32_t nlay,
                                                           const calcisol_split *split, const calcisol_view *properties,
                                                           int32_t n_properties, calcisol_report *report,
                                                           calcisol_columns **columns) CALCISOL_SINCE(1);
/* Pieces of layers dz [m]: the fewest no thicker than `thickest` (0.05 is good) plus a tenth of their depth; 0: one each. */
CALCISOL_API calcisol_status calcisol_pieces_of(int32_t nlay, const double *dz, double thickest,
                                                int32_t *pieces /* [nlay], written */) CALCISOL_SINCE(1);
/* Run the module once on synthetic weather, with these soils and shapes: takes the cost of a first step (start of the
 * engine, memory of a device) out of the time loop. State, counts and bits stay as they were. */
CALCISOL_API calcisol_status calcisol_warmup(calcisol_columns *columns) CALCISOL_SINCE(1);
/* The CUDA stream on which calls on these columns are queued; NULL = the default stream. Host columns take NULL only. */
CALCISOL_API calcisol_status calcisol_set_stream(calcisol_columns *columns, void *cuda_stream) CALCISOL_SINCE(1);
/* Wait until everything queued by these columns is done. Returns at once on the host. */
CALCISOL_API calcisol_status calcisol_synchronize(calcisol_columns *columns) CALCISOL_SINCE(1);
/* One time step. The state of new columns is made from the soil and the forcing of their first step. */
CALCISOL_API calcisol_status calcisol_step(calcisol_columns *columns,
                                           double dt,                     /* s, CALCISOL_DT_MIN to CALCISOL_DT_MAX (31 days) */
                                           const calcisol_view *forcing,  /* [CALCISOL_N_FORCING] */
                                           int32_t n_forcing,             /* CALCISOL_N_FORCING */
                                           const calcisol_target *output, /* [CALCISOL_N_OUTPUT], NULL = none wanted */
                                           int32_t n_output,              /* CALCISOL_N_OUTPUT */
                                           const calcisol_target *flag,   /* int32 [ncol][nlay], NULL = not wanted */
                                           calcisol_report *report) CALCISOL_SINCE(1);
/* Laboratory suspension pH of the soil as it is now: another quantity than the pH of pore water. NaN without a state. */
CALCISOL_API calcisol_status calcisol_laboratory_ph(calcisol_columns *columns,
                                                    const calcisol_target *ph, /* [CALCISOL_N_LAB] */
                                                    int32_t n_ph               /* CALCISOL_N_LAB */
                                                    ) CALCISOL_SINCE(1);
/* Number of layers of the state: that of the pieces where layers are split, else nlay. */
CALCISOL_API calcisol_status calcisol_state_layers(const calcisol_columns *columns, int32_t *layers) CALCISOL_SINCE(1);
/* Copy one slot of the state out, bit for bit; float64 [ncol][state layers], host memory; -9999 of columns without a state. */
CALCISOL_API calcisol_status calcisol_state_get(const calcisol_columns *columns,
                                                int32_t slot, /* CALCISOL_STATE_... */
                                                const calcisol_target *values) CALCISOL_SINCE(1);
/* Set one slot. A column given all slots starts from them; -9999 (or NaN, fill value) means: this column has no state. */
CALCISOL_API calcisol_status calcisol_state_set(calcisol_columns *columns, int32_t slot,
                                                const calcisol_view *values) CALCISOL_SINCE(1);
/* Set one slot from values of the host's layers, [ncol][nlay], as a survey or a run without pieces has them: amounts are
 * shared out by thickness, the rest is repeated. As calcisol_state_set where no layer is split. */
CALCISOL_API calcisol_status calcisol_state_spread(calcisol_columns *columns, int32_t slot,
                                                   const calcisol_view *values) CALCISOL_SINCE(1);
/* Number of columns and of the host's layers. */
CALCISOL_API calcisol_status calcisol_columns_size(const calcisol_columns *columns, int64_t *ncol,
                                                   int32_t *nlay) CALCISOL_SINCE(1);
/* Free the columns and set the handle to NULL. NULL is fine. */
CALCISOL_API void calcisol_columns_free(calcisol_columns **columns) CALCISOL_SINCE(1);

#ifndef CALCISOL_CFFI
/* ---- views, in one line ----------------------------------------------------------------------------------------- */
static inline calcisol_view calcisol_f64(const double *data, int64_t column_stride, int64_t layer_stride) {
  calcisol_view view;
  view.data = data, view.dtype = CALCISOL_F64, view.memory = CALCISOL_HOST;
  view.column_stride = column_stride, view.layer_stride = layer_stride;
  return view;
}
static inline calcisol_view calcisol_f32(const float *data, int64_t column_stride, int64_t layer_stride) {
  calcisol_view view;
  view.data = data, view.dtype = CALCISOL_F32, view.memory = CALCISOL_HOST;
  view.column_stride = column_stride, view.layer_stride = layer_stride;
  return view;
}
static inline calcisol_target calcisol_to_f64(double *data, int64_t column_stride, int64_t layer_stride) {
  calcisol_target target;
  target.data = data, target.dtype = CALCISOL_F64, target.memory = CALCISOL_HOST;
  target.column_stride = column_stride, target.layer_stride = layer_stride;
  return target;
}
static inline calcisol_target calcisol_to_f32(float *data, int64_t column_stride, int64_t layer_stride) {
  calcisol_target target;
  target.data = data, target.dtype = CALCISOL_F32, target.memory = CALCISOL_HOST;
  target.column_stride = column_stride, target.layer_stride = layer_stride;
  return target;
}
static inline calcisol_target calcisol_to_i32(int32_t *data, int64_t column_stride, int64_t layer_stride) {
  calcisol_target target;
  target.data = data, target.dtype = CALCISOL_I32, target.memory = CALCISOL_HOST;
  target.column_stride = column_stride, target.layer_stride = layer_stride;
  return target;
}
#endif

#ifdef __cplusplus
}
#endif
#endif

// A native kernel: the four programs of a step, generated from its traced graphs (tools/step_to_cpp.py).
//
// Blocks are as in engine/module.hpp, [variable][layer][column]. A kernel holds no weights: it names the tensors of the
// bundle it wants, and the graphs it was made from. Nothing in it throws, allocates or keeps anything between calls.
#pragma once

#include <cstdint>

extern "C" {

// A tensor of the bundle, copied to float64 (or float32) values from `offset` on.
struct calcisol_kernel_tensor {
  const char *name; // "core.input.weight"
  int is_float32, count, offset;
  const double *expected; // values the kernel was written for (a mask of zeros and ones), not copied; null: any will do
};

// What a program is given; it reads and writes those blocks it needs.
struct calcisol_kernel_call {
  int layers, columns;
  const double *statics, *layer, *column, *state;
  double dt;
  double *result; // soil properties, state or laboratory pH; may be the block it is made from
  double *output_layer, *output_column;
  std::int32_t *flag;
  const double *doubles; // the tensors
  const float *floats;
  void *scratch; // `scratch_bytes`, aligned to 64 bytes, for this call alone
};

struct calcisol_kernel_program {
  std::int64_t scratch_bytes;
  void (*run)(const calcisol_kernel_call *call); // null: the step has no such program
};

struct calcisol_kernel {
  int version;             // of this structure: calcisol_kernel_version
  const char *fingerprint; // SHA-256 of the graphs, as in the contract of a bundle
  const char *target;      // instruction set it was compiled for
  int n_tensors;
  const calcisol_kernel_tensor *tensors;
  int doubles, floats; // sizes of the two arrays of tensors
  int max_layers;
  calcisol_kernel_program prepare, initial_state, step, laboratory_ph;
};

enum { calcisol_kernel_version = 3 };
}

// The kernels of a step for CUDA devices: an image the driver loads, and what it wants of a bundle.
//
// Generated like a kernel of the host (kernel.hpp), from the same graphs. The image is machine code of some
// architectures and PTX for later ones, compressed, as `nvcc -fatbin` writes it; its kernels are named in
// device_call.hpp.
#pragma once

#include "kernel.hpp"

extern "C" {

struct calcisol_device_kernel {
  int version;             // of this structure and of device_call.hpp: calcisol_device_kernel_version
  const char *fingerprint; // SHA-256 of the graphs, as in the contract of a bundle
  const char *target;      // "sm_80 sm_90 sm_100 compute_80, CUDA 13.5"
  int n_tensors;
  const calcisol_kernel_tensor *tensors;
  int doubles, floats; // sizes of calcisol_doubles and calcisol_floats in the image
  int threads;         // of a block, at most
  int shared_doubles;  // of a block's shared memory: for each of its threads
  int shared_tables;   // and for all of them
  const void *image;
  std::int64_t image_bytes;
};

enum { calcisol_device_kernel_version = 1 };
}

// The device text in plain C++ with its kernels started by emulated threads; KERNEL is the text.
#include "emulate.hpp"

#include KERNEL

extern "C" const std::size_t emulated_weight_bytes[] = {sizeof calcisol_doubles, sizeof calcisol_floats};

extern "C" void emulated_launch(emulate::Kernel kernel, const void *argument, unsigned blocks, int threads,
                                std::size_t shared_bytes) {
  emulate::launch(kernel, argument, blocks, threads, shared_bytes);
}

// Threads of a device emulated on the host: kernels of the device text in plain C++, a fiber for each thread of a block.
//
// Blocks run one after the other; shared memory starts as NaN, so that what is read before it is written shows; threads
// that do not all come to the same barrier end the process.
#pragma once

#include <sys/mman.h>
#include <ucontext.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace emulate {

using Kernel = void (*)(const void *argument, double *shared, int index, unsigned block);

constexpr std::size_t stack_bytes = std::size_t(4) << 20;
constexpr int most_threads = 1024;

struct Block {
  Kernel kernel;
  const void *argument;
  double *shared;
  unsigned number;
  int running = 0; // thread
  ucontext_t scheduler, threads[most_threads];
  bool done[most_threads];
};

inline Block &block() {
  static Block one;
  return one;
}

inline void thread() {
  Block &b = block();
  b.kernel(b.argument, b.shared, b.running, b.number);
  b.done[b.running] = true;
} // uc_link: back to the scheduler

inline void barrier() {
  Block &b = block();
  swapcontext(&b.threads[b.running], &b.scheduler);
}

inline unsigned char *stack_of(int thread) {
  static auto *all = static_cast<unsigned char *>(mmap(nullptr, stack_bytes * most_threads, PROT_READ | PROT_WRITE,
                                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  return all + stack_bytes * thread;
}

inline void run_block(int count) {
  Block &b = block();
  for (int i = 0; i < count; ++i) {
    b.done[i] = false;
    getcontext(&b.threads[i]);
    b.threads[i].uc_stack.ss_sp = stack_of(i);
    b.threads[i].uc_stack.ss_size = stack_bytes;
    b.threads[i].uc_link = &b.scheduler;
    makecontext(&b.threads[i], thread, 0);
  }
  for (int ended = 0; ended < count;) {
    ended = 0;
    for (b.running = 0; b.running < count; ++b.running) {
      if (!b.done[b.running])
        swapcontext(&b.scheduler, &b.threads[b.running]);
      ended += b.done[b.running];
    }
    if (ended != 0 && ended != count) {
      std::fprintf(stderr, "emulation: %d of %d threads left a block, the others wait at a barrier\n", ended, count);
      std::abort();
    }
  }
}

inline void launch(Kernel kernel, const void *argument, unsigned blocks, int threads, std::size_t shared_bytes) {
  Block &b = block();
  std::vector<double> shared(shared_bytes / sizeof(double));
  b.kernel = kernel, b.argument = argument, b.shared = shared.data();
  for (b.number = 0; b.number < blocks; ++b.number) {
    shared.assign(shared.size(), NAN);
    run_block(threads);
  }
}

} // namespace emulate

extern "C" void calcisol_emulated_barrier(void) { emulate::barrier(); }

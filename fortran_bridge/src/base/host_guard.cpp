#include "base/host_guard.hpp"

#include <dlfcn.h>

#include <atomic>

namespace calcisol {

namespace {

// Looked up at run time: linking an OpenMP runtime of our own could put a second one beside the host's.
struct OpenMP {
  std::atomic<int (*)()> get{reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"))};
  std::atomic<void (*)(int)> set{reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"))};
};

OpenMP &openmp() {
  static OpenMP functions;
  return functions;
}

} // namespace

void use_openmp(int (*get)(), void (*set)(int)) noexcept {
  if (!get || !set || openmp().get)
    return; // none, or the host's own, which is the one torch shares
  openmp().set = set;
  openmp().get = get;
}

HostGuard::HostGuard() noexcept { // with the environment: same bits under every host
  const auto get = openmp().get.load();
  threads = get ? get() : 0;
}

HostGuard::~HostGuard() {
  const auto set = openmp().set.load();
  if (threads > 0 && set)
    set(threads);
}

} // namespace calcisol

#include "host_guard.hpp"

#include <dlfcn.h>

namespace calcisol {

namespace {

// Looked up at run time: linking an OpenMP runtime of our own could put a second one beside the host's.
struct OpenMP {
  int (*get)(void) = reinterpret_cast<int (*)(void)>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  void (*set)(int) = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
};

const OpenMP &openmp() {
  static const OpenMP functions;
  return functions;
}

} // namespace

HostGuard::HostGuard() noexcept {
  std::fegetenv(&environment);
  std::fesetenv(FE_DFL_ENV); // no traps, round to nearest, subnormals kept: same bits under every host
  threads = openmp().get ? openmp().get() : 0;
}

HostGuard::~HostGuard() {
  if (threads > 0 && openmp().set)
    openmp().set(threads);
  std::fesetenv(&environment);
}

} // namespace calcisol

// Leaves the host's floating-point environment and OpenMP thread count as they were.
//
// Why: debug builds of land models trap invalid, zero and overflow, and a scripted module may compute a masked 1/0;
// torch sets the OpenMP thread count of the calling thread, and the host shares that runtime.
#pragma once

#include "base/float_environment.hpp"

namespace calcisol {

class HostGuard {
public:
  HostGuard() noexcept;
  ~HostGuard();
  HostGuard(const HostGuard &) = delete;
  HostGuard &operator=(const HostGuard &) = delete;

private:
  const FloatEnvironment environment;
  int threads;
};

// Functions of an OpenMP runtime that came with torch; taken where the host has none.
void use_openmp(int (*get)(), void (*set)(int)) noexcept;

} // namespace calcisol

// The default floating-point environment (no traps, round to nearest, subnormals kept), and at its end the host's
// again: control words and exception flags, of SSE and of the x87.
//
// Why not <cfenv>: there every look at the x87 writes it anew, and the entries a host calls in a step of one column
// spent a twentieth of it so. Here its words are read, and it is written only where they are not as they should be:
// where the host has set traps or rounding, or code below has used the x87. Elsewhere than with glibc on x86-64,
// <cfenv> it is. Constructor and destructor must not be inlined into what computes: see HostGuard, whose own are in a
// file apart.
#pragma once

#include <cfenv>
#include <cstdint>

#if defined(__x86_64__) && defined(__GLIBC__)
#include <xmmintrin.h>
#endif

namespace calcisol {

#if defined(__x86_64__) && defined(__GLIBC__)

class FloatEnvironment {
public:
  FloatEnvironment() noexcept : sse(_mm_getcsr()), x87(words()) {
    if (x87.control != default_control)
      std::fesetenv(FE_DFL_ENV);
    _mm_setcsr(default_sse);
  }
  ~FloatEnvironment() {
    if (const Words now = words(); now.control != x87.control || ((now.status ^ x87.status) & FE_ALL_EXCEPT)) {
      std::fenv_t host;
      std::fegetenv(&host);
      host.__control_word = x87.control;
      host.__status_word = x87.status;
      std::fesetenv(&host);
    }
    _mm_setcsr(sse);
  }
  FloatEnvironment(const FloatEnvironment &) = delete;
  FloatEnvironment &operator=(const FloatEnvironment &) = delete;

private:
  struct Words {
    std::uint16_t control, status;
  };
  static Words words() noexcept {
    Words w;
    __asm__ __volatile__("fnstcw %0\n\tfnstsw %1" : "=m"(w.control), "=m"(w.status));
    return w;
  }
  static constexpr unsigned default_sse = 0x1f80;
  static constexpr std::uint16_t default_control = 0x037f;
  const unsigned sse;
  const Words x87;
};

#else

class FloatEnvironment {
public:
  FloatEnvironment() noexcept {
    std::fegetenv(&host);
    std::fesetenv(FE_DFL_ENV);
  }
  ~FloatEnvironment() { std::fesetenv(&host); }
  FloatEnvironment(const FloatEnvironment &) = delete;
  FloatEnvironment &operator=(const FloatEnvironment &) = delete;

private:
  std::fenv_t host;
};

#endif

} // namespace calcisol

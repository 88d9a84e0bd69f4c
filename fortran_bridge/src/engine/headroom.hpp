// Memory a call into torch must find before it starts.
//
// torch allocates in noexcept functions: what runs out there ends the process, and nothing can catch that. So the
// address space of the whole call is asked for first, and given back at once; a refusal is CALCISOL_ERROR_MEMORY. Under
// a limit (RLIMIT_AS, `ulimit -v`) or without overcommit the answer is certain for a host of one thread; where the
// kernel overcommits, it is the kernel that ends processes, and no library can help.
#pragma once

#include <cstddef>

namespace calcisol {

// std::bad_alloc when the process cannot get that much more.
void need_headroom(std::size_t bytes);

constexpr std::size_t megabyte = std::size_t(1) << 20;
constexpr std::size_t room_to_load =
    24 * megabyte; // with 16 times the bundle; all of a run took 20 MB (tests/bridge/limit.c)
constexpr std::size_t room_to_run = 16 * megabyte; // with 8 times the arguments; the first run compiles the method

} // namespace calcisol

// What the CUDA driver knows: devices there are, and where a pointer lies. No toolkit: libcuda.so.1 is opened by name.
#pragma once

#include <cstdint>

namespace calcisol {

// Devices this process can see; 0 without a driver.
int device_count() noexcept;

// Device a pointer lies on, -1 for host memory (also where there is no driver). Managed memory counts as the device's.
int device_of(const void *pointer) noexcept;

// Whether a view lies on `device`. Failure when it is said to, and the driver does not know it, or on another one.
bool lies_on_device(std::int32_t memory, const void *data, const char *name, int device);

// Device of an MPI rank. local_rank < 0: from the environment of the launcher. Failure where there is no device or
// rank.
int device_of_rank(std::int32_t local_rank);

} // namespace calcisol

#include "base/cuda_driver.hpp"

#include <dlfcn.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/status.hpp"

namespace calcisol {

namespace {

// Numbers of cuda.h (CUDA driver API, enums CUpointer_attribute and CUmemorytype); fixed since CUDA 4.0.
constexpr int memory_type = 2, device_ordinal = 9, type_host = 1, success = 0;

struct Driver {
  int (*init)(unsigned) = nullptr;
  int (*count)(int *) = nullptr;
  int (*attribute)(void *, int, unsigned long long) = nullptr;
  bool usable = false;

  Driver() noexcept {
    void *library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!library)
      return;
    init = reinterpret_cast<decltype(init)>(dlsym(library, "cuInit"));
    count = reinterpret_cast<decltype(count)>(dlsym(library, "cuDeviceGetCount"));
    attribute = reinterpret_cast<decltype(attribute)>(dlsym(library, "cuPointerGetAttribute"));
    usable = init && count && attribute && init(0) == success;
  }
};

const Driver &driver() noexcept {
  static const Driver opened;
  return opened;
}

// Rank within its node, as launchers name it; -1 where none does.
int launched_rank() noexcept {
  for (const char *name : {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "MV2_COMM_WORLD_LOCAL_RANK",
                           "PALS_LOCAL_RANKID", "SLURM_LOCALID"})
    if (const char *text = std::getenv(name)) {
      int rank = -1;
      const char *end = text + std::strlen(text);
      const auto [stopped, error] = std::from_chars(text, end, rank);
      if (error == std::errc() && stopped == end && rank >= 0)
        return rank;
    }
  return -1;
}

} // namespace

int device_count() noexcept {
  int devices = 0;
  return driver().usable && driver().count(&devices) == success && devices > 0 ? devices : 0;
}

int device_of(const void *pointer) noexcept {
  if (!pointer || !driver().usable)
    return -1;
  const auto address = reinterpret_cast<unsigned long long>(pointer);
  unsigned type = type_host;
  int device = 0;
  if (driver().attribute(&type, memory_type, address) != success || type == type_host)
    return -1; // the driver does not know it: ordinary memory
  return driver().attribute(&device, device_ordinal, address) == success ? device : -1;
}

bool lies_on_device(std::int32_t memory, const void *data, const char *name, int device) {
  if (memory == CALCISOL_HOST)
    return false;
  const int found = device_of(data);
  if (memory == CALCISOL_DEVICE && found < 0)
    throw Failure(CALCISOL_ERROR_ARGUMENT,
                  std::string(name) +
                      " is said to lie in device memory, the CUDA driver does not know its address; pass "
                      "the device address (host_data use_device, c_devloc) or CALCISOL_HOST");
  if (found >= 0 && found != device)
    throw Failure(CALCISOL_ERROR_ARGUMENT, std::string(name) + " lies on device " + std::to_string(found) +
                                               ", the columns on device " + std::to_string(device) +
                                               "; open the model with that options.device_index");
  return found >= 0;
}

int device_of_rank(std::int32_t local_rank) {
  const int devices = device_count();
  if (devices == 0)
    throw Failure(CALCISOL_ERROR_UNSUPPORTED, driver().usable
                                                  ? "the CUDA driver shows no device; look at CUDA_VISIBLE_DEVICES"
                                                  : "there is no CUDA driver (libcuda.so.1); run where there is a GPU");
  const int rank = local_rank >= 0 ? local_rank : launched_rank();
  if (rank < 0)
    throw Failure(CALCISOL_ERROR_ARGUMENT,
                  "local_rank is " + std::to_string(local_rank) +
                      " and no launcher names one in the environment; give the rank within the node");
  return rank % devices;
}

} // namespace calcisol

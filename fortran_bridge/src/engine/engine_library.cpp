#include "engine/engine_library.hpp"

#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "base/status.hpp"

#if defined(__linux__)
#include <elf.h>
#endif

namespace calcisol {

namespace {

// The loader maps a file as its header says: of one that was cut short it would touch pages that are not there, which
// ends the process. The section headers stand at the very end, so a file that holds them is whole.
bool is_whole(const std::string &path) {
#if defined(__linux__)
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? static_cast<std::streamoff>(file.tellg()) : 0;
  Elf64_Ehdr header;
  if (!file.seekg(0) || !file.read(reinterpret_cast<char *>(&header), sizeof header))
    return false;
  if (std::string(reinterpret_cast<char *>(header.e_ident), SELFMAG) != ELFMAG)
    return false;
  const std::uint64_t end = header.e_shoff + std::uint64_t(header.e_shnum) * header.e_shentsize;
  return header.e_shoff > 0 && header.e_shoff < std::uint64_t(size) && end <= std::uint64_t(size);
#else
  return std::ifstream(path, std::ios::binary).good();
#endif
}

Failure refused(const std::string &path, const std::string &why) {
  return Failure(CALCISOL_ERROR_UNSUPPORTED,
                 "engine library " + path + " " + why + "; make it with `calcisol compile` of this calcisol");
}

void *opened(const std::string &path) {
  if (path.find('/') == std::string::npos) // the loader would look for it in places nobody named
    throw refused(path, "is a name without a folder");
  if (!is_whole(path))
    throw refused(path, "does not exist, or is no whole shared library");
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *text = dlerror();
    throw refused(path, std::string("cannot be loaded (") + (text ? text : "no text") + ")");
  }
  return library;
}

// What the library answers; of the right version of its structure.
template <class Kernel> const Kernel &kernel_named(const std::string &path, const char *name, int version) {
  const auto get = reinterpret_cast<const Kernel *(*)()>(dlsym(opened(path), name));
  if (!get)
    throw refused(path,
                  "holds no kernel for " + std::string(version == calcisol_kernel_version ? "hosts" : "CUDA devices"));
  const Kernel *kernel = get();
  if (!kernel || kernel->version != version)
    throw refused(path, "holds a kernel of another version");
  return *kernel;
}

} // namespace

bool processor_runs(const std::string &target) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (target == "AVX-512")
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd");
  return target == "AVX2" && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi2");
#else
  return target == "baseline";
#endif
}

bool library_holds(const std::string &path, const char *name) { return dlsym(opened(path), name) != nullptr; }

const calcisol_kernel &kernel_of_library(const std::string &path) {
  const auto &kernel = kernel_named<calcisol_kernel>(path, "calcisol_kernel_get", calcisol_kernel_version);
  if (!processor_runs(kernel.target))
    throw refused(path, std::string("was compiled for ") + kernel.target + ", which this processor does not run");
  return kernel;
}

const calcisol_device_kernel &device_kernel_of_library(const std::string &path) {
  return kernel_named<calcisol_device_kernel>(path, "calcisol_device_kernel_get", calcisol_device_kernel_version);
}

std::string library_of_environment() {
#if defined(__GLIBC__)
  const char *path = secure_getenv("CALCISOL_ENGINE_LIBRARY");
#else
  const char *path = std::getenv("CALCISOL_ENGINE_LIBRARY");
#endif
  return path ? path : "";
}

} // namespace calcisol

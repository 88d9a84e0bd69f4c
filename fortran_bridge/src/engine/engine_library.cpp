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

const calcisol_kernel &kernel_of_library(const std::string &path) {
  const auto refuse = [&](const std::string &why) {
    return Failure(CALCISOL_ERROR_UNSUPPORTED,
                   "engine library " + path + " " + why + "; make it with `calcisol compile` of this calcisol");
  };
  if (path.find('/') == std::string::npos) // the loader would look for it in places nobody named
    throw refuse("is a name without a folder");
  if (!is_whole(path))
    throw refuse("does not exist, or is no whole shared library");
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *text = dlerror();
    throw refuse(std::string("cannot be loaded (") + (text ? text : "no text") + ")");
  }
  const auto get = reinterpret_cast<const calcisol_kernel *(*)()>(dlsym(library, "calcisol_kernel_get"));
  if (!get)
    throw refuse("holds no kernel");
  const calcisol_kernel *kernel = get();
  if (!kernel || kernel->version != calcisol_kernel_version)
    throw refuse("holds a kernel of another version");
  if (!processor_runs(kernel->target))
    throw refuse(std::string("was compiled for ") + kernel->target + ", which this processor does not run");
  return *kernel;
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

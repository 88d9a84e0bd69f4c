// The engine of libcalcisol: that of libcalcisol_torch, loaded for the first bundle that TorchScript steps, and then
// kept.
#include "engine/torch_library.hpp"

#include <dlfcn.h>

#include <atomic>
#include <cstring>
#include <string>

#include "base/host_guard.hpp"
#include "base/status.hpp"
#include "engine/engine.hpp"

namespace calcisol {

namespace {

#if defined(__APPLE__)
constexpr const char *suffix = ".dylib";
#else
constexpr const char *suffix = ".so";
#endif

// The folder of this very library: libcalcisol_torch lies beside it, wherever the package was moved to.
std::string own_folder() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(&own_folder), &info) || !info.dli_fname)
    return "";
  const std::string file = info.dli_fname;
  return file.substr(0, file.rfind('/') + 1);
}

const TorchEngine &loaded() {
  const auto refuse = [](const std::string &why) {
    return Failure(CALCISOL_ERROR_TORCH, "torch cannot be loaded (" + why +
                                             "); install torch " CALCISOL_TORCH_MINOR
                                             " beside calcisol (pip install \"calcisol[learn]\"), or name its "
                                             "folder lib in LD_LIBRARY_PATH");
  };
  const std::string path = own_folder() + "libcalcisol_torch" + suffix;
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *text = dlerror();
    throw refuse(text ? text : "no text");
  }
  const auto get = reinterpret_cast<const TorchEngine *(*)()>(dlsym(library, "calcisol_torch_engine"));
  if (!get || std::strcmp(get()->version, CALCISOL_VERSION) != 0)
    throw refuse(path + " is of another calcisol");
  use_openmp(get()->openmp_threads, get()->set_openmp_threads);
  return *get();
}

std::atomic<bool> here{false};

} // namespace

const TorchEngine &torch_library() {
  static const TorchEngine &one = loaded(); // a failure is not kept: the next open tries again
  here = true;
  return one;
}

bool Engine::needs_bundle() { return true; }
std::string Engine::info() {
  return here ? torch_library().info() : std::string("torch " CALCISOL_TORCH_MINOR " not loaded");
}

std::unique_ptr<Module> Engine::load(const std::string &bytes, int threads) {
  const TorchEngine &torch = torch_library();
  const HostGuard guard; // torch may just have come in, and with it an OpenMP runtime the entry's guard did not see
  return torch.load(bytes, threads);
}

} // namespace calcisol

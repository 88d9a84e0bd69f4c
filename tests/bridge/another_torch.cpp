// A torch of another version, as far as libcalcisol_torch asks: preloaded, so that it answers in place of the one installed.
#include <string>

namespace at {
__attribute__((visibility("default"))) std::string show_config() { return "TORCH_VERSION=1.99.7, BLAS_INFO=none"; }
} // namespace at

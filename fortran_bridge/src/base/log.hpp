// The host's log function, called so that nothing it throws can reach the library.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "calcisol.h"

namespace calcisol {

struct Log {
  calcisol_log_function function = nullptr;
  void *user = nullptr;

  // A host's function may throw (C++): that ends here.
  void say(std::int32_t level, const char *text) const noexcept {
    try {
      if (function && *text)
        function(user, level, text);
    } catch (...) {
    }
  }
};

// Sentences collected while a call works, said when it has ended and the host's environment is back.
using Notes = std::vector<std::pair<std::int32_t, std::string>>;

} // namespace calcisol

#include "base/status.hpp"

#include <charconv>
#include <cstring>

namespace calcisol {

namespace {
constexpr std::size_t text_bytes = 1024; // a sentence; a fixed buffer cannot fail to be allocated
thread_local char thread_text[text_bytes] = "";
} // namespace

void set_text(const char *text) noexcept {
  std::strncpy(thread_text, text, text_bytes - 1);
  thread_text[text_bytes - 1] = '\0';
  for (char *c = thread_text; *c; ++c)
    if (*c == '\n')
      *c = ' ';
}

const char *text() noexcept { return thread_text; }

std::string number(double value) {
  char buffer[32]; // six digits, sign, point, exponent; and the printf family stays out of the library
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 6).ptr;
  return {buffer, end};
}

} // namespace calcisol

#include "api/options.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "base/status.hpp"

namespace calcisol {

namespace {

constexpr std::int64_t first_size = offsetof(calcisol_options, log);     // of the first calcisol.h: no host has less
constexpr std::int64_t own_size = sizeof(calcisol_options), most = 4096; // more is no size but something else
constexpr int default_tile = 128; // columns; with 10 to 20 layers a block of rows that stays in a 1 MiB cache
constexpr int max_tile = 4096;
constexpr int tile_unit = 8; // whole vectors only: the scalar tail of a loop could round differently

[[noreturn]] void refuse(const std::string &text) { throw Failure(CALCISOL_ERROR_ARGUMENT, text); }

calcisol_options defaults() {
  calcisol_options options{};
  options.struct_size = own_size;
  options.threads = 1;
  options.device_index = -1;
  return options;
}

void check_size(std::int64_t size) {
  if (size < first_size || size > most)
    refuse("options.struct_size is " + std::to_string(size) + ", not " + std::to_string(own_size) +
           "; call calcisol_options_init first");
}

// Fields that this library does not know may exist, but must be 0: what they ask for would be ignored in silence.
void check_tail(const calcisol_options &given) {
  const char *bytes = reinterpret_cast<const char *>(&given);
  if (std::any_of(bytes + std::min(own_size, given.struct_size), bytes + given.struct_size, [](char c) { return c; }))
    throw Failure(CALCISOL_ERROR_UNSUPPORTED,
                  "options use a field that this library does not have; install the calcisol of your calcisol.h");
}

} // namespace

void init_options(calcisol_options &options, std::int64_t size) {
  check_size(size);
  std::memset(static_cast<void *>(&options), 0, static_cast<std::size_t>(size));
  calcisol_options own = defaults();
  own.struct_size = size;
  std::memcpy(static_cast<void *>(&options), &own, static_cast<std::size_t>(std::min(own_size, size)));
}

calcisol_options completed(const calcisol_options *given) {
  calcisol_options options = defaults();
  if (given) {
    check_size(given->struct_size);
    check_tail(*given);
    std::memcpy(&options, given, static_cast<std::size_t>(std::min(own_size, given->struct_size)));
    if (given->struct_size < own_size) // the last field is a pointer: of one that is cut nothing is used
      options.engine_library = nullptr;
    options.struct_size = own_size;
  }
  if (options.device != CALCISOL_HOST && options.device != CALCISOL_DEVICE && options.device != CALCISOL_EMULATED)
    refuse("options.device is " + std::to_string(options.device) +
           "; give CALCISOL_HOST, CALCISOL_DEVICE or CALCISOL_EMULATED");
  if (options.device_index < -1)
    refuse("options.device_index is " + std::to_string(options.device_index) +
           "; give the number of a device, or -1 for the current one");
  if (options.threads < 1 || options.threads > 1024)
    refuse("options.threads is " + std::to_string(options.threads) + "; give 1 or the cores of this rank");
  if (options.device_graph != 0 && options.device_graph != 1)
    refuse("options.device_graph is " + std::to_string(options.device_graph) + "; give 0 or 1");
  if (options.tile_columns == 0)
    options.tile_columns = default_tile;
  if (options.tile_columns < tile_unit || options.tile_columns > max_tile || options.tile_columns % tile_unit != 0)
    refuse("options.tile_columns is " + std::to_string(options.tile_columns) +
           "; give 0 or a multiple of 8 up to 4096");
  return options;
}

Log log_of(const calcisol_options *given) noexcept {
  constexpr std::int64_t needed = offsetof(calcisol_options, log_user) + sizeof(void *);
  if (!given || given->struct_size < needed || given->struct_size > most)
    return {};
  return {given->log, given->log_user};
}

} // namespace calcisol

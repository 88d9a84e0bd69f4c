#include "model.hpp"

#include <cstring>

#include "bundle.hpp"
#include "status.hpp"

namespace calcisol {

namespace {

constexpr int default_tile = 128; // columns; with 10 to 20 layers a block of rows that stays in a 1 MiB cache
constexpr int max_tile = 4096;
constexpr int tile_unit = 8; // whole vectors only: the scalar tail of a loop could round differently

calcisol_options completed(const calcisol_options *given) {
  calcisol_options options{};
  options.threads = 1;
  if (given) {
    if (given->struct_size != static_cast<std::int64_t>(sizeof options))
      throw Failure(CALCISOL_ERROR_ARGUMENT, "options.struct_size is " + std::to_string(given->struct_size) + ", not " +
                                                 std::to_string(sizeof options) + "; call calcisol_options_init first");
    options = *given;
  }
  if (options.device != CALCISOL_HOST)
    throw Failure(CALCISOL_ERROR_UNSUPPORTED, "options.device is " + std::to_string(options.device) +
                                                  ", but this build runs on the host only; set CALCISOL_HOST");
  if (options.threads < 1 || options.threads > 1024)
    throw Failure(CALCISOL_ERROR_ARGUMENT,
                  "options.threads is " + std::to_string(options.threads) + "; give 1 or the cores of this rank");
  if (options.tile_columns == 0)
    options.tile_columns = default_tile;
  if (options.tile_columns < tile_unit || options.tile_columns > max_tile || options.tile_columns % tile_unit != 0)
    throw Failure(CALCISOL_ERROR_ARGUMENT, "options.tile_columns is " + std::to_string(options.tile_columns) +
                                               "; give 0 or a multiple of 8 up to 4096");
  return options;
}

} // namespace

std::unique_ptr<calcisol_model> open_model(const std::string &bytes, const std::string &name,
                                           const calcisol_options *given) {
  const calcisol_options options = completed(given);
  Engine::check();
  auto model = std::make_unique<calcisol_model>();
  model->contract = Engine::needs_bundle() ? checked_contract(bytes, name) : own_contract();
  model->module = Engine::load(bytes, options.threads);
  model->tile_columns = options.tile_columns;
  return model;
}

} // namespace calcisol

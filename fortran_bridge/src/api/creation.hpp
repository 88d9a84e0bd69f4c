// What the entries that make columns share: arguments checked, soil read, what was found told.
#pragma once

#include <string>
#include <vector>

#include "api/entry.hpp"
#include "api/model.hpp"
#include "calcisol_constants.hpp"

namespace calcisol {

constexpr std::int64_t max_columns = std::int64_t(1) << 40; // beyond any machine; sizes stay far from overflow

struct Soil {
  const calcisol_view *properties;
  std::int32_t given;
  calcisol_report *report;
};

// Pieces of each layer as a host gave them. Failure where they cannot be.
inline std::vector<int> checked_pieces(const std::int32_t *pieces, std::int32_t nlay) {
  need(pieces, "the array of pieces");
  std::int64_t sum = 0;
  for (std::int32_t l = 0; l < nlay; ++l) {
    if (pieces[l] < 1)
      refuse("layer " + std::to_string(l + 1) + " is to be split into " + std::to_string(pieces[l]) +
             " pieces; give 1 to leave it as it is, or more");
    sum += pieces[l];
  }
  if (sum > constants::max_layers)
    refuse("the layers are to be split into " + std::to_string(sum) + " pieces; give at most " +
           std::to_string(constants::max_layers) + " in all");
  return {pieces, pieces + nlay};
}

inline void check_layers(std::int32_t nlay) {
  if (nlay < 1 || nlay > constants::max_layers)
    refuse("nlay is " + std::to_string(nlay) + "; give 1 to " + std::to_string(constants::max_layers) + " layers");
}

// Columns as `make` makes them.
template <class Make>
calcisol_status created(calcisol_model *model, std::int64_t ncol, std::int32_t nlay, const Soil &soil,
                        calcisol_columns **columns, Make make) noexcept {
  const calcisol_status status = guarded(model ? model->log : Log{}, [&] {
    need(model, "the model");
    need_empty(columns, "columns");
    Counts counts(soil.report);
    if (ncol < 0 || ncol > max_columns)
      refuse("ncol is " + std::to_string(ncol) + "; give the number of columns, 0 or more");
    check_layers(nlay);
    Finding finding;
    std::unique_ptr<calcisol_columns> made = make();
    made->set_properties(soil.properties, soil.given, counts.own, finding);
    tell(*made, finding);
    *columns = made.release();
  });
  if (status == CALCISOL_OK)
    for (const auto &[level, note] : (*columns)->notes)
      (*columns)->log.say(level, note.c_str());
  return status;
}

} // namespace calcisol

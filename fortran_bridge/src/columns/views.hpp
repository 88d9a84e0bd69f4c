// Reading and writing the host's arrays through views: checks once a call, then strided gather and scatter of tiles.
#pragma once

#include <cstdint>

#include "base/variable_table.hpp"
#include "calcisol.h"

namespace calcisol {

// Columns [first, first + count) of a call, or those listed, in a tile of `width` columns.
struct Range {
  std::int64_t first;
  int count, width, layers;
  const std::int64_t *listed = nullptr;

  std::int64_t column(int lane) const { return listed ? listed[lane] : first + lane; }
};

// Memory the columns can reach. Columns on a device read and write the host's memory too; columns split within their
// layers (pieces) read and write it alone, wherever they step.
enum class Reach { host, device, pieces };

// Failure unless every view can be read: right number of views, required ones there, known type, memory within reach.
void check_inputs(const calcisol_view *views, std::int32_t given, Rows rows, const char *what, std::int64_t columns,
                  Reach reach = Reach::host);
void check_input(const calcisol_view &view, const char *name, Reach reach = Reach::host);

// As check_inputs, for arrays to write. `views` may be NULL when nothing is wanted.
void check_targets(const calcisol_target *views, std::int32_t given, Rows rows, const char *what, std::int64_t columns,
                   int layers, Reach reach = Reach::host);
void check_target(const calcisol_target &target, const char *name, bool integer, bool layered, std::int64_t columns,
                  int layers, Reach reach = Reach::host);

// Copy one variable into a tile block [layer][column] (layered) or [column]; an absent one becomes `fill`.
void gather(const calcisol_view &view, const Range &range, bool layered, double fill, double *block);

// Copy a tile block to the host where `write` is set for the lane.
void scatter(const double *block, const Range &range, bool layered, const std::uint8_t *write,
             const calcisol_target &target);
void scatter(const std::int32_t *block, const Range &range, const std::uint8_t *write, const calcisol_target &target);

} // namespace calcisol

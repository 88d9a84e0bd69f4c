// Columns whose layers are split inside into thin pieces, which a step takes as its layers; the host keeps its own.
//
// A land model's layer of 0.3 to 1 m smears out what moves through it within a step. Its forcing is read and screened
// on its own layers, so that messages, flags and counts speak of these; then shared out over the pieces (share_out.hpp)
// and stepped by columns of as many layers, on whatever engine. Outputs come back as sums (amounts), means by thickness
// (the rest) and flags together. Soil and state are those of the pieces. Columns with a bad value are inactive for the
// columns inside.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "columns/columns_base.hpp"
#include "columns/screening.hpp"
#include "columns/share_out.hpp"
#include "columns/views.hpp"

namespace calcisol {

// s; longer steps are cut to equal ones of at most this. Thin pieces and long steps lose a decalcification front, and
// calcite that dissolves slowly alternates between pieces (emulator/docs/results_log.md: columns never seen).
constexpr double longest_of_pieces = 2.0 * 86400.0;

using NewColumns = std::function<std::unique_ptr<calcisol_columns>(std::int64_t ncol, int nlay)>;

class SplitColumns final : public calcisol_columns {
public:
  // `pieces` of each layer, whose soil is given by piece or by layer; `make` gives columns of the model.
  SplitColumns(NewColumns make, std::int64_t ncol, std::vector<int> pieces, bool soil_by_piece);

  void set_properties(const calcisol_view *properties, std::int32_t given, calcisol_report &report,
                      Finding &finding) override;
  void step(double dt, const StepViews &views, bool counted, calcisol_report &report, Finding &finding) override;
  void laboratory_ph(const calcisol_target *ph, std::int32_t given) override;
  void state_get(std::int32_t slot, const calcisol_target &values) const override { inner->state_get(slot, values); }
  void state_set(std::int32_t slot, const calcisol_view &values) override { inner->state_set(slot, values); }
  void state_spread(std::int32_t slot, const calcisol_view &values) override;
  void soil_get(std::int32_t property, double *values) const override { inner->soil_get(property, values); }
  int state_layers() const override { return inner->nlay; }
  void warmup() override { inner->warmup(); }
  void set_stream(void *stream) override { inner->set_stream(stream); }
  void synchronize() override { inner->synchronize(); }

private:
  enum Lane : std::uint8_t { good, refused };

  static constexpr int width = 128; // columns read at once
  // Some of the columns that take part in a step: from the one at `begin` on.
  struct Part {
    std::int64_t begin;
    Range range;
  };
  std::int64_t taking_part() const { return some ? static_cast<std::int64_t>(listed.size()) : ncol; }
  Part part(std::int64_t begin) const;
  std::size_t cells(int layers) const { return static_cast<std::size_t>(layers) * static_cast<std::size_t>(ncol); }
  Split split(std::int64_t column) const;
  double *row(int number) { return block.data() + static_cast<std::size_t>(number) * nlay * width; }
  void divide_soil(const calcisol_view *properties, std::vector<calcisol_view> &views,
                   std::vector<std::vector<double>> &soil);
  void list_active(const calcisol_view &active);
  void make_room(const StepViews &views);
  void read(const Part &part, const calcisol_view *forcing, double dt, Finding &finding);
  void share_out_lane(int lane, std::int64_t column, double dt);
  void share_out_water_of(int lane, std::int64_t column, double dt, const double *sinks);
  bool takes_nitrogen() const;
  void meet_nitrogen(std::int64_t column, double dt);
  void take(int lane, int variable, double *values);
  void give(std::int64_t column, const double *values, std::vector<double> &to) const;
  double liquid_before(std::size_t cell) const;
  double courant(std::int64_t column, double dt, const double *sinks) const;
  std::uint8_t parts_for(double dt, double courant_number) const;
  void step_pieces(double dt, Finding &finding);
  void step_active(double dt, Finding &finding);
  void step_in_parts(double dt, Finding &finding);
  void step_those_of(std::uint8_t count, double dt, Finding &finding);
  void answer(const Part &part, const StepViews &views, calcisol_report &report);
  void answer_flags(const Part &part, calcisol_report &report);
  double whole(bool amount, const double *values, std::int64_t column, int layer) const;
  void mix_soil(std::vector<std::vector<double>> &soil) const;

  const NewColumns make;
  const std::vector<int> pieces; // of each layer
  const bool soil_by_piece;
  std::vector<int> first_piece; // of each layer, counted from the surface
  std::vector<int> layer_of;    // of each piece
  std::unique_ptr<calcisol_columns> inner;
  std::vector<double> thickness, porosity; // [column][piece] m, 1
  // of a step: columns that take part, and what became of them
  bool some = false; // `listed` holds; else all
  std::vector<std::int64_t> listed;
  std::vector<std::uint8_t> lane; // of those that take part
  std::vector<std::int32_t> flag; // [part][layer][width]
  // values of the layers, one part at a time
  std::vector<double> block; // [variable][layer][width]
  std::vector<std::uint8_t> nobody, invalid, everybody;
  // what the columns inside read and write, [piece][column] or [column]
  std::vector<std::vector<double>> fine, fine_out;
  std::vector<std::uint8_t> parts; // [column] of its step; 0 where it takes no part
  std::vector<double> active, water_before, ammonium_before, nitrate_before;
  std::vector<std::int32_t> fine_flag;
};

// Whether a variable is an amount or a rate per m2 of the layer, of which each piece has a share.
bool is_amount(const Variable &variable);

} // namespace calcisol

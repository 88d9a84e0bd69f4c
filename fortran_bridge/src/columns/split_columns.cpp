#include "columns/split_columns.hpp"

#include <algorithm>
#include <string>

#include "base/status.hpp"
#include "base/variable_table.hpp"

namespace calcisol {

bool is_amount(const Variable &variable) {
  const std::string units = variable.units;
  return units.find(" m-2") != std::string::npos;
}

namespace {

// How what a host gives of a layer is shared out over its pieces.
auto way_to_share(int forcing) {
  const Variable &variable = rows(CALCISOL_ROLE_FORCING)[forcing];
  const bool water = forcing == CALCISOL_W_SINK || forcing == CALCISOL_Q_LAT;
  const bool rate = std::string(variable.units).find(" m-2 s-1") != std::string::npos;
  return forcing == CALCISOL_T_SOIL ? share_out_mean
         : rate && !water           ? share_out_exponentially
         : is_amount(variable)      ? share_out
                                    : repeat;
}

} // namespace

SplitColumns::SplitColumns(NewColumns make, std::int64_t ncol, std::vector<int> given, bool soil_by_piece)
    : calcisol_columns(ncol, static_cast<int>(given.size())), make(std::move(make)), pieces(std::move(given)),
      soil_by_piece(soil_by_piece), first_piece(pieces.size()) {
  for (int l = 0; l < nlay; ++l) {
    first_piece[l] = static_cast<int>(layer_of.size());
    layer_of.insert(layer_of.end(), pieces[l], l);
  }
  inner = this->make(ncol, static_cast<int>(layer_of.size()));
  const std::size_t lanes = static_cast<std::size_t>((ncol + width - 1) / width) * width;
  lane.resize(lanes);
  flag.resize(lanes * nlay);
  fine.resize(rows(CALCISOL_ROLE_FORCING).count);
  fine_out.resize(rows(CALCISOL_ROLE_OUTPUT).count);
  block.resize(fine.size() * nlay * width);
  nobody.assign(width, 0);
  invalid = nobody;
  everybody.assign(width, 1);
  active.resize(static_cast<std::size_t>(ncol));
  parts.resize(active.size());
  fine_flag.resize(cells(state_layers()));
}

SplitColumns::Part SplitColumns::part(std::int64_t begin) const {
  const int count = static_cast<int>(std::min<std::int64_t>(width, taking_part() - begin));
  return {begin, {some ? 0 : begin, count, width, nlay, some ? listed.data() + begin : nullptr}};
}

Split SplitColumns::split(std::int64_t column) const {
  return {nlay, pieces.data(), thickness.data() + column * state_layers(), porosity.data() + column * state_layers()};
}

// Soil of the pieces, as it was given of their layers: missing values stay missing.
void SplitColumns::divide_soil(const calcisol_view *properties, std::vector<calcisol_view> &views,
                               std::vector<std::vector<double>> &soil) {
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (!properties[i].data)
      continue;
    const bool divided = i == CALCISOL_SOIL_DZ;
    soil[i].resize(cells(state_layers()));
    views[i] = calcisol_f64(soil[i].data(), 1, ncol);
    for (std::int64_t begin = 0; begin < ncol; begin += width) {
      const Range where = part(begin).range;
      gather(properties[i], where, true, 0.0, row(0));
      for (int k = 0; k < state_layers(); ++k)
        for (int c = 0; c < where.count; ++c) {
          const double value = row(0)[layer_of[k] * width + c];
          soil[i][k * ncol + begin + c] = divided && !is_bad(value) ? value / pieces[layer_of[k]] : value;
        }
    }
  }
}

void SplitColumns::set_properties(const calcisol_view *properties, std::int32_t given, calcisol_report &report,
                                  Finding &finding) {
  std::vector<calcisol_view> views(rows(CALCISOL_ROLE_STATIC).count);
  std::vector<std::vector<double>> soil(views.size());
  if (!soil_by_piece) {
    check_inputs(properties, given, rows(CALCISOL_ROLE_STATIC), "soil properties", ncol, Reach::pieces);
    divide_soil(properties, views, soil);
    finding.host_layer = layer_of.data();
  }
  inner->set_properties(soil_by_piece ? properties : views.data(), given, report, finding);
  notes.swap(inner->notes);
  const int n = state_layers();
  std::vector<double> dz(cells(n)), pores(cells(n));
  soil_get(CALCISOL_SOIL_DZ, dz.data());
  soil_get(CALCISOL_SOIL_POROSITY, pores.data());
  thickness.resize(cells(n)), porosity.resize(cells(n));
  for (std::int64_t c = 0; c < ncol; ++c)
    for (int k = 0; k < n; ++k) { // the soil of a bad column is never stepped, but it is shared out over
      const double by = dz[k * ncol + c], share = pores[k * ncol + c];
      thickness[c * n + k] = by > 0.0 && !is_bad(by) ? by : 0.1;
      porosity[c * n + k] = share > 0.0 && !is_bad(share) ? share : 0.5;
    }
}

// Columns that take part in a step: all, or those that are active. A bad value has to be found.
void SplitColumns::list_active(const calcisol_view &view) {
  some = view.data != nullptr;
  listed.clear();
  double value[width];
  for (std::int64_t first = 0; some && first < ncol; first += width) {
    const Range where = {first, static_cast<int>(std::min<std::int64_t>(width, ncol - first)), width, nlay};
    gather(view, where, false, 1.0, value);
    for (int c = 0; c < where.count; ++c)
      if (!(value[c] < 0.5) || is_bad(value[c]))
        listed.push_back(first + c);
  }
}

void SplitColumns::make_room(const StepViews &views) {
  const auto room = [&](const Variable &variable, bool wanted, std::vector<double> &values) {
    values.resize(!wanted ? 0 : variable.layered ? cells(state_layers()) : static_cast<std::size_t>(ncol));
  };
  const Rows in = rows(CALCISOL_ROLE_FORCING), out = rows(CALCISOL_ROLE_OUTPUT);
  for (int i = 0; i < in.count; ++i)
    room(in[i], views.forcing[i].data, fine[i]);
  for (int i = 0; i < out.count; ++i)
    room(out[i], views.output && views.output[i].data, fine_out[i]);
  const auto before = [&](bool wanted, int slot, std::vector<double> &values) {
    if (!wanted)
      return;
    values.resize(cells(state_layers()));
    inner->state_get(slot, calcisol_to_f64(values.data(), 1, ncol));
  };
  before(true, CALCISOL_STATE_WATER, water_before);
  before(takes_nitrogen(), CALCISOL_STATE_NH4, ammonium_before);
  before(takes_nitrogen(), CALCISOL_STATE_NO3, nitrate_before);
}

void SplitColumns::step(double dt, const StepViews &views, bool, calcisol_report &report, Finding &finding) {
  check_dt(dt);
  check_inputs(views.forcing, views.n_forcing, rows(CALCISOL_ROLE_FORCING), "forcing", ncol, Reach::pieces);
  check_targets(views.output, views.n_output, rows(CALCISOL_ROLE_OUTPUT), "output", ncol, nlay, Reach::pieces);
  check_target(views.flag, "flag", true, true, ncol, nlay, Reach::pieces);
  if (ncol == 0)
    return;
  list_active(views.forcing[CALCISOL_ACTIVE]);
  report.columns_inactive = ncol - taking_part();
  make_room(views);
  std::fill(active.begin(), active.end(), 0.0);
  std::fill(parts.begin(), parts.end(), std::uint8_t{0});
  for (std::int64_t begin = 0; begin < taking_part(); begin += width)
    read(part(begin), views.forcing, dt, finding);
  step_pieces(dt, finding);
  for (std::int64_t begin = 0; begin < taking_part(); begin += width) // nothing fails from here on
    answer(part(begin), views, report);
  try {
    if (finding.kind == Finding::nothing)
      finding.on_device(report.columns_invalid, 0); // a device says no more than that
  } catch (...) {                                   // no memory for a text: the step itself is done and stands
  }
}

// Gather and screen the forcing of a part on the host's layers; share it out where it is good.
void SplitColumns::read(const Part &part, const calcisol_view *forcing, double dt, Finding &finding) {
  const Rows table = rows(CALCISOL_ROLE_FORCING);
  std::int32_t *flags = flag.data() + part.begin * nlay;
  std::fill_n(flags, width * nlay, 0);
  std::fill(invalid.begin(), invalid.end(), 0);
  for (int i = 0; i < table.count; ++i) {
    if (!forcing[i].data)
      continue;
    gather(forcing[i], part.range, table[i].layered, table[i].fill, row(i));
    screen(table[i], part.range, nobody.data(), row(i), invalid.data(), flags, finding);
  }
  for (int c = 0; c < part.range.count; ++c) {
    const std::int64_t column = part.range.column(c);
    lane[part.begin + c] = invalid[c] ? refused : good;
    if (invalid[c])
      continue;
    share_out_lane(c, column, dt);
    active[column] = 1.0;
  }
}

// Values of the layers in a lane; and of the pieces to what the columns inside read.
void SplitColumns::take(int c, int variable, double *values) {
  const double *from = row(variable) + c;
  for (int l = 0; l < nlay; ++l)
    values[l] = from[l * width];
}

void SplitColumns::give(std::int64_t column, const double *values, std::vector<double> &to) const {
  for (int k = 0; k < state_layers(); ++k)
    to[k * ncol + column] = values[k];
}

void SplitColumns::share_out_lane(int c, std::int64_t column, double dt) {
  const Rows table = rows(CALCISOL_ROLE_FORCING);
  double layers[most_layers], shares[most_layers], sinks[most_layers] = {};
  for (int i = 0; i < table.count; ++i) {
    if (fine[i].empty() || i == CALCISOL_W_LIQ || i == CALCISOL_W_ICE || i == CALCISOL_Q_IF)
      continue;
    if (!table[i].layered) {
      fine[i][column] = row(i)[c];
      continue;
    }
    take(c, i, layers);
    way_to_share(i)(split(column), layers, shares);
    give(column, shares, fine[i]);
    for (int k = 0; (i == CALCISOL_W_SINK || i == CALCISOL_Q_LAT) && k < state_layers(); ++k)
      sinks[k] += shares[k];
  }
  share_out_water_of(c, column, dt, sinks);
  parts[column] = parts_for(dt, courant(column, dt, sinks));
  if (takes_nitrogen())
    meet_nitrogen(column, dt);
}

// Water, and the fluxes between pieces where the host gives its own.
void SplitColumns::share_out_water_of(int c, std::int64_t column, double dt, const double *sinks) {
  double layers[most_layers], frozen[most_layers], liquid[most_layers], ice[most_layers] = {}, stored[most_layers],
                                                                        through[most_layers];
  const bool freezing = !fine[CALCISOL_W_ICE].empty();
  take(c, CALCISOL_W_LIQ, layers);
  if (freezing)
    take(c, CALCISOL_W_ICE, frozen);
  share_out_water(split(column), layers, freezing ? frozen : nullptr, liquid, ice);
  give(column, liquid, fine[CALCISOL_W_LIQ]);
  if (freezing)
    give(column, ice, fine[CALCISOL_W_ICE]);
  if (fine[CALCISOL_Q_IF].empty())
    return;
  for (int k = 0; k < state_layers(); ++k) {
    const double before = water_before[k * ncol + column];
    stored[k] = before == no_state ? 0.0 : (liquid[k] + ice[k] - before) / dt;
  }
  take(c, CALCISOL_Q_IF, layers);
  share_out_faces(split(column), layers, sinks, stored, through);
  give(column, through, fine[CALCISOL_Q_IF]);
}

} // namespace calcisol

"""Which columns with weather are simulated: scrambled Sobol points over this table, each drawn from (seed, number) alone.

What:    ``PARAMETERS`` is the table (name, law, unit, why); ``draw`` gives the points. ``weather.design`` makes columns of them.
Units:   as named in the table.
Source:  ranges: European arable land on calcareous soil and its edges; pedogenic carbonate forms above a saturation index of 0.3
         to 0.53 in soil water (Suarez 1977; Suarez et al. 1992, variables.toml). Laws cover the population, they do not weigh it.
Use:     ``for point in draw(24, seed=1): column = build(point, years=10)``
"""

from __future__ import annotations

from ..sampling import Parameter, Point, linear, log, share, uniform

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("rain", "mm/yr", linear(350, 1050), "mean of the years"),
    Parameter("rain_winter", "1", linear(-0.5, 0.9), "above 0 it rains in winter, below in summer"),
    Parameter("wet_days", "1", linear(0.15, 0.50), "share of days with rain"),
    Parameter("temperature", "degC", linear(7, 19), "annual mean; potential evapotranspiration follows it"),
    Parameter("amplitude", "K", linear(6, 12), "of the year, at the surface"),
    Parameter("demand", "1", linear(0.85, 1.2), "potential evapotranspiration over 700 mm exp(0.1 (T - 12))"),
    Parameter("crop", "1", linear(0, 1), "winter cereal 45, summer crop 35, grass 20 %"),
    Parameter("lai", "1", linear(2.5, 5.5), "largest leaf area index"),
    Parameter("irrigated", "1", share(0.20, linear(1.0, 6.0)), "20 % of the columns; mmol/L calcium bicarbonate of the water"),
    Parameter("root_depth", "m", linear(0.5, 1.2), "no roots below"),
    Parameter("root_scale", "m", linear(0.15, 0.35), "e-folding of root density"),
    Parameter("passive", "1", share(0.15, linear(0.1, 1.0)), "15 % of the columns; share of solutes taken with the water"),
    Parameter("table", "m", share(0.20, linear(0.001, 0.30)), "20 % of the columns; head at the lowest node, else free drainage"),
    Parameter("clay", "%", linear(8, 40), ""),
    Parameter("sand_share", "1", linear(0.15, 0.85), "sand in what is not clay"),
    Parameter("soc", "%", log(0.6, 3.0), "topsoil"),
    Parameter("bulk_density", "kg m-3", linear(1250, 1550), ""),
    Parameter("vg_residual", "1", linear(0.08, 0.20), "share of the pores"),
    Parameter("vg_alpha", "m-1", log(1.0, 4.0), ""),
    Parameter("vg_n", "1", linear(1.25, 1.65), ""),
    Parameter("k_sat", "m s-1", log(1.25e-6, 6e-6), "takes the wettest day: MIN3P lets no rain run off here"),
    Parameter("caco3", "%", log(0.4, 30.0), "where there is any"),
    Parameter("calcite_profile", "1", linear(0, 1), "uniform 40, increasing 20, decalcified top 35, none 5 %"),
    Parameter("front", "m", linear(0.10, 0.70), "depth of the decalcified top"),
    Parameter("calcite_rate", "mol m-3 s-1", log(6e-8, 1e-4), "grains of 2 um to coated fragments"),
    Parameter("si_pedogenic", "1", share(0.30, linear(0.15, 0.60)), "30 %; only where every layer holds calcite"),
    Parameter("dispersivity", "m", log(0.008, 0.05), ""),
    Parameter("ph0", "1", linear(5.5, 6.8), "start of layers without calcite"),
    Parameter("respiration", "gC m-2 yr-1", linear(300, 750), ""),
    Parameter("respiration_depth", "m", linear(0.12, 0.35), "e-folding"),
    Parameter("nitrogen", "kg/ha/yr", share(0.85, linear(20, 250)), "15 % none"),
    Parameter("urea", "1", linear(0, 1), "below 0.3 the nitrogen is urea, else ammonium nitrate"),
    Parameter("mineralisation", "kgN/ha/yr", linear(20, 100), ""),
    Parameter("nue", "1", linear(0.5, 0.95), "uptake over supply"),
    Parameter("base_cations", "kmol_c/ha/yr", log(0.3, 2.0), "harvest surplus of cations over anions"),
    Parameter("weathering", "kmol_c/ha/yr", linear(0.0, 1.0), "silicates"),
    Parameter("deposition_n", "1", linear(0.3, 1.5), "of 3e-5 mol/L ammonium and nitrate each"),
    Parameter("salt", "1", log(0.4, 4.0), "of 5e-5 mol/L sodium and chloride"),
    Parameter("grid", "1", linear(0, 1), "14, 16 or 19 cells; 19 above a water table"),
)  # fmt: skip


def draw(count: int, seed: int, start: int = 0) -> list[Point]:
    """Columns ``start`` to ``start + count`` of the sequence of ``seed``; longer draws only append."""
    found = uniform(PARAMETERS, count, seed, start)
    return [Point(start + i, seed, {p.name: float(p.law(named[p.name])) for p in PARAMETERS}) for i, named in enumerate(found)]

"""The physical parameters of the driver's own land model: tables of the configuration, with defaults.

Units:   in each parameter's comment, with its source and range; ``[assumption]`` marks what no source fixes.
Use:     ``RunConfig(water=WaterParameters(omega=2.3))``, or ``[water]`` with ``omega = 2.3`` in a configuration
"""

from __future__ import annotations

from dataclasses import dataclass

from ...emulator.contract.constants import CEC_VARIABLE_SHARE
from .soil_water.run import LIMITS as SOIL_WATER

# physical bounds of a value; the ranges of its sources stand beside each constant below
LIMITS = {
    "omega": (1.0, 20.0),
    "root_full_m": (0.0, 20.0),
    "root_end_m": (0.0, 20.0),
    "thermal_diffusivity": (1e-8, 1e-5),
    "cec_variable": (0.0, 0.95),
    "si_pedogenic": (0.0, 1.6),
    "raich_f": (0.01, 20.0),
    "raich_q": (0.0, 0.3),
    "raich_k": (0.0, 100.0),
    "per_n_uptake": (-200.0, 200.0),
    "co2_atm": (1e-4, 5e-3),
    "nitrification_per_day": (0.0, 10.0),
    "nitrification_q10": (0.5, 10.0),
    "bases_per_n": (0.0, 0.1),
    "weathering": (0.0, 5.0),
    "sulphur_deposition": (0.0, 500.0),
    "base_deposition": (0.0, 5.0),
    "sea_salt": (0.0, 5.0),
    **dict.fromkeys(("ca", "mg", "na", "k", "cl", "so4", "alkalinity"), (0.0, 100.0)),  # mol m-3 of irrigation
    **{f"vg_{name}": SOIL_WATER[name] for name in ("residual", "alpha", "n", "k_sat")},
    "vg_filled": SOIL_WATER["porosity"],
}  # every other constant is a share, 0 to 1


@dataclass(frozen=True)
class WaterParameters:
    """Monthly water budget; what is known of the curves of the daily soil water."""

    # Fu (1981); Zhang et al. 2004, doi:10.1029/2003WR002710: 2.63 over all catchments, 2.55 grass, 2.84 forest, single ones
    # 1.7-5.0 and none for crops [assumption: between grass and all]; range 1.7-3.5
    omega: float = 2.6
    runoff_share: float = 0.15  # share of P - ET leaving over the surface [assumption]; range 0-0.4
    root_full_m: float = 0.75  # roots empty the soil fully down to here [assumption]
    root_end_m: float = 1.35  # and not at all below here [assumption]
    stress_point: float = 0.5  # soil water share below which ET falls (FAO-56 p); range 0.4-0.6
    thermal_diffusivity: float = 5.0e-7  # m2 s-1, moist loam (Hillel 1998); range 3e-7-8e-7
    # van Genuchten-Mualem curves where you know them: one number, or one for each of ``layers``; none: estimated from texture,
    # organic carbon and density (pedotransfer.py). A map of the same name in [fields] comes first
    vg_residual: tuple[float, ...] = ()  # water that stays, share of the volume that water can fill
    vg_alpha: tuple[float, ...] = ()  # m-1
    vg_n: tuple[float, ...] = ()
    vg_k_sat: tuple[float, ...] = ()  # m s-1
    vg_filled: tuple[float, ...] = ()  # volume that water can fill, m3 m-3


@dataclass(frozen=True)
class SoilParameters:
    """The cation exchanger and what keeps pedogenic carbonate from forming."""

    # share of the CEC that binds protons with log K 3.2 and 4.6. Appelo (1994, Water Resour. Res. 30, 2793) lets all of it do
    # so, log K of H against Na = 5.9 - 3.4 x share of H (for fresh water, as SCEPTER codes and cites it). In 5 mmol Ca per kg
    # of water, pH 4 to 7.5, the bases held differ from his by 0.32 of the CEC (root mean square) at the contract's 0.3, by 0.15
    # at 0.9, by 0.13 at 1; 0.9 leaves a tenth to permanent charge. With 0.3 nine tenths of the CEC hold bases down to pH 5.5
    # (measured: half), and lime finds little to neutralise. Range 0.7-0.95
    cec_variable: float = CEC_VARIABLE_SHARE
    # saturation index above which carbonate forms again; 0: at saturation. 0.53 below irrigated fields (Suarez 1977, Soil Sci.
    # Soc. Am. J. 41, 310), 0.3-0.5 (Suarez et al. 1992, ibid. 56, 1776), up to 1.6 (Inskeep & Bloom 1986, ibid. 50, 1431)
    si_pedogenic: float = 0.0


@dataclass(frozen=True)
class CarbonParameters:
    """Carbon dioxide produced in the soil."""

    # all three as public programs that cite the paper code them (coupler/docs/data_sources.md)
    raich_f: float = 1.250  # g C m-2 day-1; Raich et al. 2002, Glob. Change Biol. 8, 800, doi:10.1046/j.1365-2486.2002.00511.x
    raich_q: float = 0.05452  # K-1, same source (Q10 = 1.72)
    raich_k: float = 4.259  # cm of rain per month, same source
    per_n_uptake: float = 20.0  # g C respired per g N taken up, change against baseline [assumption]; range 0-40
    co2_atm: float = 4.2e-4  # mol mol-1, held constant so that scenarios differ in nitrogen alone


@dataclass(frozen=True)
class NitrogenParameters:
    """Nitrogen, its accompanying ions, and other acids and bases."""

    nitrate_alone: float = (
        0.0  # of the fertiliser: nitrate without ammonium though its nitrate share is below one half [assumption]
    )
    sodium_share: float = 0.0  # of nitrate without ammonium: sodium nitrate, the rest calcium nitrate [assumption]
    urea_share: float = 0.75  # of the fertiliser that is not ammonium nitrate; the rest counts as ammonium sulphate [assumption]
    manure_nh4_share: float = 0.5  # of manure N as NH4HCO3, the rest is organic [assumption]; range 0.2-0.7
    nh3_loss_urea: float = 0.15  # of urea N lost as NH3; range 0.05-0.25 [assumption]
    nh3_loss_manure: float = 0.25  # of manure NH4 lost as NH3; range 0.1-0.4 [assumption]
    nh3_loss_other: float = 0.02  # of mineral NH4 other than urea lost as NH3 [assumption]
    denitrified_surplus: float = 0.30  # of (input - harvest); range 0-0.3 [assumption]
    nitrification_per_day: float = 0.03  # at 10 degC, i.e. 3-5 weeks; range 1-6 weeks [assumption]
    nitrification_q10: float = 2.0  # range 1.5-3
    nh4_uptake_share: float = 0.2  # of harvested N taken as NH4 [assumption]; range 0-0.5
    bases_per_n: float = 0.006  # mol_c of base cations exported per g N harvested; 0.2-3 kmol_c ha-1 yr-1 [assumption]
    weathering: float = 0.03  # mol_c m-2 yr-1 of silicate bases, 0-1 m [assumption]; range 0.01-0.15
    sulphur_deposition: float = 4.0  # kg S ha-1 yr-1; range 2-10, the order of EMEP [assumption]
    base_deposition: float = 0.03  # mol_c m-2 yr-1 Ca+Mg+K+Na without sea salt; range 0.01-0.06 [assumption]
    sea_salt: float = 0.02  # mol m-2 yr-1 NaCl [assumption]

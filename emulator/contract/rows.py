"""Names for the rows of the tensors that enter and leave the step; one record per role, fields in the order of variables.toml.

What:    TorchScript cannot look a name up in a table, so the rows are unpacked into records; a test holds them to the table.
Shapes:  static, layer forcing, state, layer outputs: [layer, column] per field; column forcing and outputs: [column]. float64.
Use:     ``s = static_rows(static); s.dz``; ``torch.stack(LayerOutputs(...))``
"""

from typing import NamedTuple

from torch import Tensor


class Static(NamedTuple):
    """Soil properties; units as in variables.toml, role static."""

    dz: Tensor
    clay: Tensor
    sand: Tensor
    soc: Tensor
    bulk_density: Tensor
    porosity: Tensor
    cec: Tensor
    cec_variable: Tensor
    base_saturation: Tensor
    caco3: Tensor
    ph0: Tensor
    calcite_rate: Tensor
    dispersivity: Tensor
    si_pedogenic: Tensor
    si_gibbsite: Tensor


class LayerForcing(NamedTuple):
    """Forcing per layer; role forcing, dims layer."""

    w_liq: Tensor
    w_ice: Tensor
    t_soil: Tensor
    w_sink: Tensor
    q_lat: Tensor
    q_if: Tensor
    co2_src: Tensor
    n_nit: Tensor
    n_min: Tensor
    n_up_nh4: Tensor
    n_up_no3: Tensor
    n_den: Tensor
    h_src: Tensor
    bc_up: Tensor
    weath: Tensor
    nh4: Tensor
    no3: Tensor


class ColumnForcing(NamedTuple):
    """Forcing per column; role forcing, dims column."""

    q_bot: Tensor
    co2_src_total: Tensor
    p_surf: Tensor
    co2_atm: Tensor
    dep_ca: Tensor
    dep_mg: Tensor
    dep_k: Tensor
    dep_na: Tensor
    dep_nh4: Tensor
    dep_no3: Tensor
    dep_cl: Tensor
    dep_so4: Tensor
    dep_dic: Tensor
    lime: Tensor
    active: Tensor


class State(NamedTuple):
    """State slots."""

    calcite: Tensor
    ca: Tensor
    mg: Tensor
    k: Tensor
    na: Tensor
    nh4: Tensor
    no3: Tensor
    cl: Tensor
    so4: Tensor
    dic: Tensor
    water: Tensor
    pco2: Tensor
    ph: Tensor
    site_1: Tensor
    site_2: Tensor
    site_3: Tensor
    ionic_strength: Tensor
    t_past: Tensor
    q_past: Tensor
    alk_past: Tensor


class LayerOutputs(NamedTuple):
    """Outputs per layer; role output, dims layer."""

    ph: Tensor
    sic: Tensor
    dic: Tensor
    pco2: Tensor
    base_sat: Tensor
    si_calcite: Tensor


class ColumnOutputs(NamedTuple):
    """Outputs per column; role output, dims column."""

    ph_top: Tensor
    co2_adj: Tensor
    dic_leach: Tensor
    alk_leach: Tensor
    ca_leach: Tensor
    no3_leach: Tensor
    nh4_leach: Tensor
    n_sink: Tensor
    ca_sink: Tensor
    acid_load: Tensor
    calcite_loss: Tensor


def static_rows(x: Tensor) -> Static:
    """Unpack [15, layer, column]."""
    r = x.unbind(0)
    return Static(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14])


def layer_rows(x: Tensor) -> LayerForcing:
    """Unpack [17, layer, column]."""
    r = x.unbind(0)
    return LayerForcing(
        r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15], r[16]
    )


def column_rows(x: Tensor) -> ColumnForcing:
    """Unpack [15, column]."""
    r = x.unbind(0)
    return ColumnForcing(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14])


def state_rows(x: Tensor) -> State:
    """Unpack [20, layer, column]."""
    r = x.unbind(0)
    return State(
        r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15], r[16], r[17],
        r[18], r[19],
    )  # fmt: skip

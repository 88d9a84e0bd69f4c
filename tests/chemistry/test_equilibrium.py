"""The equilibrium solver against PHREEQC, closed forms and its own derivatives."""

import math

import pytest
import torch
from calcisol.emulator.chemistry.equilibrium import Equilibrium, Problem
from calcisol.emulator.chemistry.records import Speciation

from ..reference.phreeqc_calcite import ACID, CALCITE_OPEN

# same constants as PHREEQC: what is left is its activity model for pairs and H2O
SAME_DATABASE_PH, SAME_DATABASE_CA = 0.005, 0.01
# ion sizes are MIN3P's (Ca 6.0 against 5.0 angstrom in phreeqc.dat): 0.006 pH at an ionic strength of 0.03
ACID_PH, ACID_CA = 0.01, 0.015
# MIN3P's constant enthalpies against PHREEQC's analytic log K (docs/science.md 2: 0.03 pH and 6 % Ca between 5 and 25 degC)
CROSS_DATABASE_PH, CROSS_DATABASE_CA = 0.03, 0.06


def calcite_water(
    thermodynamics: str, t: torch.Tensor, pco2: torch.Tensor, acid: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """pH, Ca and DIC [mol/kg] of water with plenty of calcite; inputs [1, n]."""
    solver = Equilibrium(thermodynamics)
    k = solver.constants(t)
    zero = torch.zeros_like(t)
    problem = Problem(
        totals=torch.stack([zero + 1e-9] + [zero + 1e-12] * 4), anions=acid + 1e-12, so4=zero, cec=torch.stack([zero + 1e-9] * 3),
        dissolving=zero + 1e6, forming=zero + 1e6, forming_above=zero + 1.0, calcite=zero + 1e3, pco2=pco2,
    )  # fmt: skip
    guess = torch.exp(torch.stack([zero - 16.0] + [zero + 3.0] * 3))
    strength = zero + 0.005
    for _ in range(6):
        solution = solver(problem, k, solver.activity(strength, t), guess, torch.full_like(t, 0.8), 30)
        strength, guess = solution.ionic_strength, solution.activities
    assert solution.last_move.max() < 1e-9
    return -solution.unknowns[0] / math.log(10.0), solution.dissolved[0], solution.dic


@pytest.mark.parametrize(
    ("thermodynamics", "ph_tolerance", "ca_tolerance"),
    [("phreeqc", SAME_DATABASE_PH, SAME_DATABASE_CA), ("min3p", CROSS_DATABASE_PH, CROSS_DATABASE_CA)],
)
def test_calcite_saturated_water_agrees_with_phreeqc(thermodynamics: str, ph_tolerance: float, ca_tolerance: float) -> None:
    rows = [(p, *row) for p, table in CALCITE_OPEN.items() for row in table]
    p, t, ph, ca, dic = (torch.tensor(x, dtype=torch.float64)[None] for x in zip(*rows, strict=True))
    found_ph, found_ca, found_dic = calcite_water(thermodynamics, t + 273.15, p, torch.zeros_like(p))
    assert (found_ph - ph).abs().max() < ph_tolerance
    assert (found_ca / (1e-3 * ca) - 1.0).abs().max() < ca_tolerance
    assert (found_dic / (1e-3 * dic) - 1.0).abs().max() < ca_tolerance


def test_acid_response_of_calcite_agrees_with_phreeqc() -> None:
    rows = [(p, *row) for p, table in ACID.items() for row in table]
    p, acid, ph, ca, _ = (torch.tensor(x, dtype=torch.float64)[None] for x in zip(*rows, strict=True))
    t = torch.full_like(p, 283.15)
    found_ph, found_ca, _ = calcite_water("phreeqc", t, p, 1e-3 * acid)
    assert (found_ph - ph).abs().max() < ACID_PH
    assert (found_ca / (1e-3 * ca) - 1.0).abs().max() < ACID_CA
    more = calcite_water("phreeqc", t, p, 1e-3 * acid + 1e-5)[1]
    marginal = (more - found_ca) / 1e-5
    assert marginal.min() > 0.33 and marginal.max() < 0.50


def soil_problem(n: int = 40) -> tuple[Problem, torch.Tensor]:
    """Random soils, from decalcified to calcareous; last value the temperature."""
    generator = torch.Generator().manual_seed(3)

    def draw(low: float, high: float) -> torch.Tensor:
        return torch.exp(torch.empty(1, n, dtype=torch.float64).uniform_(math.log(low), math.log(high), generator=generator))

    cec = torch.stack([draw(0.2, 1.5), draw(0.02, 0.3), draw(0.02, 0.3)])
    total = cec.sum(0)
    totals = torch.stack(
        [total * draw(0.2, 0.45), total * draw(0.02, 0.06), total * draw(0.01, 0.05), total * draw(0.005, 0.05), draw(1e-6, 1e-3)]
    )
    rate = draw(1e-6, 1e2)
    anions, so4, calcite, pco2 = draw(1e-4, 5e-3), draw(1e-6, 2e-3), draw(1e-9, 1e1), draw(5e-4, 5e-2)
    problem = Problem(totals, anions, so4, cec, rate, 3.0 * rate, draw(1.0, 3.0), calcite, pco2)
    return problem, torch.full((1, n), 283.15, dtype=torch.float64)


@pytest.mark.parametrize("law", ["AlX3", "AlX3-linear", "AlOHX2"])
def test_jacobian_is_the_derivative_of_the_residual(law: str) -> None:
    solver = Equilibrium("min3p", law)
    problem, t = soil_problem()
    k, g = solver.constants(t), solver.activity(torch.full_like(t, 0.01), t)
    x = torch.stack([torch.full_like(t, -15.0), *[torch.full_like(t, 2.0 + 0.1 * s) for s in range(3)]])
    so4 = 0.8 * problem.so4

    def species(unknowns: torch.Tensor) -> Speciation:
        """With free sulphate held, as the Jacobian holds it."""
        return solver.speciate(problem, k, g, torch.exp(unknowns), so4)._replace(so4_free=so4)

    def logs(unknowns: torch.Tensor) -> torch.Tensor:
        """ln (filling) of each site and ln (positive / negative charge)."""
        s = species(unknowns)
        positive, negative = solver.charges(problem, s)
        return torch.log(torch.cat([s.bases + s.beta_h + s.beta_al, (positive / negative).unsqueeze(0)]))

    rows = solver.jacobian(problem, species(x))
    step = 1e-6
    for column, unknown in enumerate((1, 2, 3, 0)):  # Jacobian columns: sites first, ln h last
        shift = torch.zeros_like(x)
        shift[unknown] = step
        numerical = (logs(x + shift) - logs(x - shift)) / (2 * step)
        # central differences of order step^2 with round-off 1e-16 / step: 1e-8 at best, 1e-5 leaves room
        torch.testing.assert_close(numerical, torch.stack([row[column] for row in rows]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("law", ["AlX3", "AlX3-linear", "AlOHX2"])
def test_elimination_solves_the_system(law: str) -> None:
    solver = Equilibrium("min3p", law)
    problem, t = soil_problem()
    k, g = solver.constants(t), solver.activity(torch.full_like(t, 0.01), t)
    x = torch.stack([torch.full_like(t, -15.0), *[torch.full_like(t, 2.0 + 0.1 * s) for s in range(3)]])
    s = solver.speciate(problem, k, g, torch.exp(x), 0.8 * problem.so4)
    right, other, rows = solver.imbalances(problem, s), solver.by_pressure(problem, s), solver.jacobian(problem, s)
    matrix = torch.stack([torch.stack(row) for row in rows]).permute(2, 3, 0, 1)
    expected = torch.linalg.solve(matrix, torch.stack([torch.stack(right), torch.stack(other)]).permute(2, 3, 1, 0))
    found = torch.stack([torch.stack(x) for x in solver.eliminate([right, other], rows)]).permute(2, 3, 1, 0)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)


def test_every_soil_converges_from_a_cold_start() -> None:
    solver = Equilibrium("min3p")
    problem, t = soil_problem(2000)
    k, g = solver.constants(t), solver.activity(torch.full_like(t, 0.01), t)
    guess = torch.exp(torch.stack([torch.full_like(t, -15.0)] + [torch.full_like(t, 2.0)] * 3))
    solution = solver(problem, k, g, guess, torch.full_like(t, 0.8), 60)
    assert solution.last_move.max() < 1e-6
    reacted = solution.ca_total - problem.totals[0]
    assert (reacted <= problem.calcite + 1e-12).all()  # round-off of the totals


def test_calcite_extent_follows_the_implicit_rate_law() -> None:
    solver = Equilibrium("min3p")
    problem, t = soil_problem(2000)
    k, g = solver.constants(t), solver.activity(torch.full_like(t, 0.01), t)
    guess = torch.exp(torch.stack([torch.full_like(t, -15.0)] + [torch.full_like(t, 2.0)] * 3))
    solution = solver(problem, k, g, guess, torch.full_like(t, 0.8), 80)
    omega, above = solution.saturation, problem.forming_above
    forms, rests = omega > above, (omega > 1.0) & (omega <= above)
    assert forms.any() and rests.any() and (omega < 1.0).any()
    dissolved = torch.minimum(problem.dissolving * (1.0 - omega), problem.calcite)
    expected = torch.where(forms, problem.forming * (1.0 - omega / above), torch.where(rests, 0.0, dissolved))
    torch.testing.assert_close(solution.ca_total - problem.totals[0], expected, rtol=1e-6, atol=1e-9)


def hard_water(si: float, n: int = 41) -> tuple[Equilibrium, Problem, torch.Tensor]:
    """Soils of an exchanger full of Ca and water from far below to far above saturation, before fast calcite reacts."""
    solver, t = Equilibrium("min3p"), torch.full((1, n), 283.15, dtype=torch.float64)
    zero = torch.zeros_like(t)
    cec = torch.stack([zero + 0.39, zero + 0.066, zero + 0.066])
    ca = torch.linspace(0.236, 0.252, n, dtype=torch.float64)[None]
    totals = torch.stack([ca, zero + 0.02, zero + 0.008, zero + 0.003, zero + 1e-4])
    fast = zero + 10.0
    problem = Problem(totals, zero + 2e-3, zero + 1e-4, cec, fast, fast, zero + 10.0**si, zero + 5.0, zero + 0.005)
    return solver, problem, t


@pytest.mark.parametrize("si", [0.0, 0.4, 1.2])
def test_pedogenic_calcite_holds_water_between_two_saturations(si: float) -> None:
    """With fast calcite water below saturation rises to it, water above the index falls to the index, the rest stays as it is."""
    solver, problem, t = hard_water(si)
    k, g = solver.constants(t), solver.activity(torch.full_like(t, 0.01), t)
    guess = torch.exp(torch.stack([torch.full_like(t, -17.0)] + [torch.full_like(t, 2.1)] * 3))
    solution = solver(problem, k, g, guess, torch.full_like(t, 0.8), 40)
    inert = problem._replace(dissolving=0.0 * t, forming=0.0 * t)
    unreacted = solver(inert, k, g, guess, torch.full_like(t, 0.8), 40)
    assert solution.left.max() < 1e-6 and unreacted.left.max() < 1e-6
    before, after = torch.log10(unreacted.saturation), torch.log10(solution.saturation)
    assert (before < 0.0).any() and (before > si).any() and (si == 0.0 or ((before > 0.0) & (before < si)).any())
    # a linear law of 10 mol kg-1 leaves Omega within the reacted amount / 10 of its end
    torch.testing.assert_close(after, before.clamp(0.0, si), rtol=0.0, atol=2e-3)


def test_a_warm_search_settles_where_calcite_rests() -> None:
    """From the water of another pressure, in as few Newton steps as a pass of the step has, thrice: no running to and fro."""
    solver, problem, t = hard_water(0.4)
    k, g = solver.constants(t), solver.activity(torch.full_like(t, 0.01), t)
    guess = torch.exp(torch.stack([torch.full_like(t, -17.0)] + [torch.full_like(t, 2.1)] * 3))
    solution = solver(problem._replace(pco2=problem.pco2 * 0.8), k, g, guess, torch.full_like(t, 0.8), 40)
    for _ in range(3):
        solution = solver(problem, k, g, solution.activities, solution.sulphate_share, 3)
    assert solution.left.max() < 1e-4


@pytest.mark.parametrize("law", ["AlX3", "AlX3-linear", "AlOHX2"])
def test_responses_are_derivatives_by_pressure(law: str) -> None:
    """dic, dic - ca_total and dissolved Ca at two pressures, each solved to the root."""
    solver = Equilibrium("phreeqc", law)
    problem, t = soil_problem(200)
    problem = problem._replace(so4=torch.zeros_like(t))  # its pairs are held in the response
    k, g = solver.constants(t), solver.activity(torch.full_like(t, 0.01), t)
    guess = torch.exp(torch.stack([torch.full_like(t, -15.0)] + [torch.full_like(t, 2.0)] * 3))
    middle = solver(problem, k, g, guess, torch.full_like(t, 0.8), 80)
    shift = 1e-5
    high = solver(problem._replace(pco2=problem.pco2 * math.exp(shift)), k, g, middle.activities, torch.full_like(t, 0.8), 30)
    low = solver(problem._replace(pco2=problem.pco2 * math.exp(-shift)), k, g, middle.activities, torch.full_like(t, 0.8), 30)
    for found, after, before in (
        (middle.dic_response, high.dic, low.dic),
        (middle.storage_response, high.dic - high.ca_total, low.dic - low.ca_total),
        (middle.ca_response, high.dissolved[0], low.dissolved[0]),
    ):
        # round-off: 1e-16 of exchangeable amounts of order 1 over a shift of 1e-5
        torch.testing.assert_close(found, (after - before) / (2 * shift), rtol=1e-4, atol=1e-9)


def test_gradient_is_that_of_the_root() -> None:
    """d pH / d pco2 by autograd against two independent solves."""
    solver = Equilibrium("min3p")
    problem, t = soil_problem(20)
    problem = problem._replace(so4=torch.zeros_like(t))  # its pairs lag behind Newton and are not differentiated
    k, g = solver.constants(t), solver.activity(torch.full_like(t, 0.01), t)
    guess = torch.exp(torch.stack([torch.full_like(t, -15.0)] + [torch.full_like(t, 2.0)] * 3))
    p = problem.pco2.clone().requires_grad_(True)
    solver(problem._replace(pco2=p), k, g, guess, torch.full_like(t, 0.8), 60).unknowns[0].sum().backward()
    step = 1e-5 * problem.pco2
    high = solver(problem._replace(pco2=problem.pco2 + step), k, g, guess, torch.full_like(t, 0.8), 60).unknowns[0]
    low = solver(problem._replace(pco2=problem.pco2 - step), k, g, guess, torch.full_like(t, 0.8), 60).unknowns[0]
    # central differences with a relative step of 1e-5: error of order 1e-5
    torch.testing.assert_close(p.grad, (high - low) / (2 * step), rtol=1e-4, atol=1e-5)

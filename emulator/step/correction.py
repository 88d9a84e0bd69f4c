"""The learned core: a small network that corrects what a long, coarse step smears out, within bounds.

What:    per cell, log factors on the rate of calcite, the conductance of CO2 and the mobility of three groups of ions.
         Zero output is the physical step alone; no output can break a budget, because all of them only scale fluxes and extents.
Shapes:  features [feature, layer, column] -> factors [5, layer, column], both without unit; float32 inside, float64 outside.
Source:  fluxes and extents instead of states, after Sturm & Wexler (2020, Geosci. Model Dev. 13, 4435-4442,
         doi:10.5194/gmd-13-4435-2020).
Use:     ``factors, inside = core(features, dt / longest)``; no __future__ annotations here, TorchScript cannot read them
"""

import torch
from torch import Tensor, nn

from ..processes.recent_climate import PAST
from .features import FEATURES

FACTORS = ("calcite rate", "gas conductance", "mobility anions", "mobility divalent", "mobility monovalent")
"""Processes that are corrected; ``records.py`` has a function for each."""
BOUND = (2.5, 0.7, 0.6, 0.6, 0.6)  # largest |ln factor|: a calcite rate 12 times, a conductance 2 times, a mobility 1.8 times
PAD = 16  # output rows padded: MKL multiplies a matrix of 10 columns at a third of the speed of one of 16 [measured]
MARGIN = 0.05  # share of the training range by which a feature may leave it before the cell counts as outside
LEAST_MARGIN = 0.12  # and at least this much: months of 28 to 31 days are months (ln 31/28 = 0.10)
NO_MARGIN = ("depth",)  # metres nobody sampled are outside from the first on
LEAST_SCALE = 0.1  # of a feature that hardly varied in training, so that a small departure stays a small input


class Core(nn.Module):
    """Three linear layers with SiLU on normalised features; switched off outside the training ranges."""

    mean: Tensor
    scale: Tensor
    low: Tensor
    high: Tensor
    past_low: Tensor
    past_high: Tensor
    bound: Tensor

    def __init__(self, width: int = 32, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.register_buffer("mean", torch.zeros(len(FEATURES), 1))
        self.register_buffer("scale", torch.ones(len(FEATURES), 1))
        self.register_buffer("low", torch.full((len(FEATURES), 1), -1e30))
        self.register_buffer("high", torch.full((len(FEATURES), 1), 1e30))
        self.register_buffer("past_low", torch.full((len(PAST), 1, 1), -1e30, dtype=torch.float64))
        self.register_buffer("past_high", torch.full((len(PAST), 1, 1), 1e30, dtype=torch.float64))
        self.register_buffer("bound", torch.tensor(BOUND).view(-1, 1))
        self.n_factors: int = len(FACTORS)
        self.input = nn.Linear(len(FEATURES), width)
        self.hidden = nn.Linear(width, width)
        self.output = nn.Linear(width, PAD)
        for layer in (self.input, self.hidden):
            nn.init.normal_(layer.weight, 0.0, (1.0 / layer.in_features) ** 0.5, generator=generator)
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, features: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        """Log factors [5, layer, column] float64, and a mask [layer, column]: inside the training ranges.

        ``share`` is the step as a share of the longest (0-d): what a finite step smears out grows with it, and so do they.
        """
        n, layers, columns = features.shape
        x = features.reshape(n, -1).to(torch.float32)
        inside = ((x >= self.low) & (x <= self.high)).all(0)
        x = ((x - self.mean) / self.scale).clamp(-6.0, 6.0).t()
        x = torch.nn.functional.silu(self.input(x))
        x = torch.nn.functional.silu(self.hidden(x))
        y = self.output(x)[:, : self.n_factors].t()
        y = self.bound * torch.tanh(y / self.bound) * inside.to(torch.float32)
        return share * y.to(torch.float64).reshape(self.n_factors, layers, columns), inside.reshape(layers, columns)

    def within_training_climate(self, past: Tensor) -> Tensor:
        """Mask [layer, column]: the recent climate ``past`` [3, layer, column] is one that training columns had."""
        return ((past >= self.past_low) & (past <= self.past_high)).all(0)

    @torch.jit.ignore
    def fit_scaling(self, features: Tensor) -> None:
        """Set mean, scale and ranges from samples [feature, n]; ranges are the 0.05-99.95 % quantiles plus a margin."""
        x = features.to(torch.float32)
        self.mean.copy_(x.mean(1, keepdim=True))
        self.scale.copy_(x.std(1, keepdim=True).clamp(min=LEAST_SCALE))
        low, high = torch.quantile(x, 0.0005, dim=1, keepdim=True), torch.quantile(x, 0.9995, dim=1, keepdim=True)
        wide = torch.tensor([float(name not in NO_MARGIN) for name in FEATURES]).unsqueeze(1)
        pad = wide * (MARGIN * (high - low) + LEAST_MARGIN)
        self.low.copy_(low - pad)
        self.high.copy_(high + pad)

    @torch.jit.ignore
    def fit_past(self, low: Tensor, high: Tensor) -> None:
        """Set the ranges of the training climate from its least and most [3]; no margin."""
        self.past_low.copy_(low.view(-1, 1, 1))
        self.past_high.copy_(high.view(-1, 1, 1))


class NoCore(nn.Module):
    """Baseline B0: the physical step without a network."""

    def __init__(self) -> None:
        super().__init__()
        self.n_factors: int = len(FACTORS)

    def forward(self, features: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        """Zero log factors, everything inside."""
        return torch.zeros_like(features[: self.n_factors]), torch.ones_like(features[0], dtype=torch.bool)

    def within_training_climate(self, past: Tensor) -> Tensor:
        """Mask [layer, column]: everything inside."""
        return torch.ones_like(past[0], dtype=torch.bool)

"""Spatial models of carbonate on its environment at one date, as maps are explained.

What:    OLS, GAM (splines + ridge) and two-part boosted trees; blocked cross-validation; grouped permutation importance;
         TreeSHAP; accumulated local effects. pH is a consequence of carbonate, so every model is fitted with and without it.
Units:   SIC kg C m-2 in the upper 0.3 m; predictors as named. Shapes [place, predictor], [place].
Source:  scikit-learn; SHAP (Lundberg et al. 2020, doi:10.1038/s42256-019-0138-9); two-part models as for carbonate maps; ALE:
         Apley & Zhu (2020, doi:10.1111/rssb.12377), written out here (scikit-learn has none, PyALE is not maintained).
Use:     ``survey = Survey(x, names, sic, block); model = fit("trees", survey); scores(model_name, survey)``
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

PRESENT = 0.05  # kg C m-2 in 0.3 m, about 0.1 % CaCO3: less counts as none
GROUPS = {  # predictors that belong together: permuting one alone would leave its twin to speak for it
    "climate": ("drainage", "mat", "aridity"),
    "nitrogen": ("mineral_n", "husbandry_n"),
    "soil": ("clay", "soc"),
    "pH": ("ph",),
}
MODELS = ("ols", "gam", "trees")


@dataclass(frozen=True)
class Survey:
    """Places at one date."""

    x: np.ndarray  # [place, predictor]
    names: tuple[str, ...]
    sic: np.ndarray  # [place]
    block: np.ndarray  # [place] number of the spatial block

    def without(self, *names: str) -> Survey:
        """The same with fewer predictors."""
        keep = [i for i, n in enumerate(self.names) if n not in names]
        return replace(self, x=self.x[:, keep], names=tuple(self.names[i] for i in keep))

    def take(self, index: np.ndarray) -> Survey:
        """Some places."""
        return replace(self, x=self.x[index], sic=self.sic[index], block=self.block[index])

    def group(self, name: str) -> list[int]:
        """Positions of the predictors of a group."""
        return [i for i, n in enumerate(self.names) if n in GROUPS[name]]


class Model(Protocol):
    """Anything that predicts."""

    def predict(self, x: np.ndarray) -> np.ndarray:
        """SIC [place] of predictors [place, predictor]."""
        ...


class TwoPart:
    """Is there carbonate, and if so how much: classifier times regressor, both gradient boosted trees."""

    def __init__(self, seed: int = 0) -> None:
        from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

        size = {"n_estimators": 120, "max_depth": 3, "learning_rate": 0.06, "subsample": 0.7, "min_samples_leaf": 8}
        self.presence, self.amount = (
            m(**size, random_state=seed) for m in (GradientBoostingClassifier, GradientBoostingRegressor)
        )
        self.always: bool | None = None

    def fit(self, x: np.ndarray, sic: np.ndarray) -> TwoPart:
        """Fit both parts; a sample that is all calcareous (or none) needs no classifier."""
        there = sic > PRESENT
        self.always = bool(there[0]) if there.all() or not there.any() else None
        if self.always is None:
            self.presence.fit(x, there)
        some = there if there.sum() >= 20 else np.ones(len(sic), bool)
        self.amount.fit(x[some], sic[some])
        return self

    def chance(self, x: np.ndarray) -> np.ndarray:
        """Probability of carbonate [place]."""
        return np.full(len(x), float(self.always)) if self.always is not None else self.presence.predict_proba(x)[:, 1]

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Expected SIC [place]."""
        return self.chance(x) * np.maximum(self.amount.predict(x), 0.0)


def fit(kind: str, survey: Survey, seed: int = 0) -> Model:
    """A fitted model. Raises ValueError for an unknown kind."""
    from sklearn.linear_model import LinearRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import SplineTransformer, StandardScaler

    if kind == "ols":
        return make_pipeline(StandardScaler(), LinearRegression()).fit(survey.x, survey.sic)
    if kind == "gam":
        splines = SplineTransformer(n_knots=5, degree=3, knots="quantile", extrapolation="linear")
        return make_pipeline(StandardScaler(), splines, RidgeCV(np.logspace(-2, 3, 12))).fit(survey.x, survey.sic)
    if kind == "trees":
        return TwoPart(seed).fit(survey.x, survey.sic)
    raise ValueError(f"model {kind!r} is unknown; use one of {', '.join(MODELS)}")


def skill(predicted: np.ndarray, true: np.ndarray) -> float:
    """1 - squared error / squared deviation from the mean: 1 perfect, 0 no better than the mean."""
    return float(1.0 - np.sum((predicted - true) ** 2) / max(float(np.sum((true - true.mean()) ** 2)), 1e-30))


def folds(survey: Survey, count: int = 5) -> list[tuple[np.ndarray, np.ndarray]]:
    """(train, test) positions; whole blocks stay together."""
    from sklearn.model_selection import GroupKFold

    return list(GroupKFold(min(count, len(np.unique(survey.block)))).split(survey.x, groups=survey.block))


def cross_validated(kind: str, survey: Survey) -> float:
    """Skill on blocks that the model never saw."""
    predicted = np.zeros(len(survey.sic))
    for train, test in folds(survey):
        predicted[test] = fit(kind, survey.take(train)).predict(survey.x[test])
    return skill(predicted, survey.sic)


def importance(kind: str, survey: Survey, seed: int = 0, repeats: int = 5) -> dict[str, float]:
    """Loss of cross-validated skill when all predictors of a group are permuted together."""
    rng = np.random.default_rng(seed)
    lost: dict[str, list[float]] = {g: [] for g in GROUPS if survey.group(g)}
    variance = float(survey.sic.var())
    for train, test in folds(survey):
        model, x, true = fit(kind, survey.take(train)), survey.x[test], survey.sic[test]
        plain = np.mean((model.predict(x) - true) ** 2)
        for group in lost:
            columns = survey.group(group)
            for _ in range(repeats):
                mixed = x.copy()
                mixed[:, columns] = x[rng.permutation(len(x))][:, columns]
                lost[group].append((np.mean((model.predict(mixed) - true) ** 2) - plain) / variance)
    return {g: float(np.mean(v)) for g, v in lost.items()}


def tree_shap(model: TwoPart, survey: Survey) -> np.ndarray:
    """SHAP values of the amount part [place, predictor], kg C m-2: how each predictor moves the prediction of the trees."""
    import shap

    return np.asarray(shap.TreeExplainer(model.amount).shap_values(survey.x))


def ale(model: Model, survey: Survey, name: str, bins: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Accumulated local effect of one predictor: edges and effect (mean 0). It makes no impossible soils."""
    k = survey.names.index(name)
    values = survey.x[:, k]
    edges = np.unique(np.quantile(values, np.linspace(0.0, 1.0, bins + 1)))
    if len(edges) < 2:
        return edges, np.zeros(len(edges))
    cell = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    low, high = survey.x.copy(), survey.x.copy()
    low[:, k], high[:, k] = edges[cell], edges[cell + 1]
    step = model.predict(high) - model.predict(low)
    counts = np.bincount(cell, minlength=len(edges) - 1)
    local = np.bincount(cell, step, len(edges) - 1) / np.maximum(counts, 1)
    effect = np.concatenate([[0.0], np.cumsum(local)])
    centred = 0.5 * (effect[1:] + effect[:-1])
    return edges, effect - np.average(centred, weights=counts)


def shifted(survey: Survey, **new: np.ndarray) -> np.ndarray:
    """Predictors of the same places at another date: the named ones replaced, as space-for-time substitution does."""
    x = survey.x.copy()
    for name, values in new.items():
        if name in survey.names:
            x[:, survey.names.index(name)] = values
    return x

"""The models on real data beside the published figures and beside peers in the same run.

    python -m benchmarks.models [cdnow|classification|hillstrom …]

Protocols as ../shared/data/README.md states them. Peers: lifetimes (CDNOW), scikit-uplift's class transformation (Hillstrom).
"""

import sys
import time
from datetime import date

import numpy as np
import pandas as pd

from lakehouse.settings import ROOT
from ml.flat import lifetime
from ml.flat.classify import classify
from ml.flat.table import binary, features, read
from ml.flat.uplift import measure
from ml.models.uplift.measure import qini

DATA = ROOT.parent / "shared" / "data"


def cdnow() -> None:
    """Purchase models: parameters, likelihood, holdout; and how fast, beside lifetimes."""
    from lifetimes import ParetoNBDFitter

    frame = read(DATA / "cdnow" / "CDNOW_sample.txt")
    when = lifetime.days(frame.iloc[:, 2], "date", DATA)
    summary = lifetime.summarise(frame.iloc[:, 1], when, frame.iloc[:, 4], date(1997, 9, 30), None)
    for name, fit in lifetime.fit_all(summary).items():
        params = ", ".join(f"{key} {value:.4f}" for key, value in fit.model.params_.items())
        print(f"cdnow {name}: {params}, LL {fit.model.loglik_:.2f}, MAE {fit.mae:.4f}, RMSE {fit.rmse:.4f}")
    found = lifetime.spending(summary)
    print(f"cdnow gamma_gamma: {found if isinstance(found, str) else dict(found.params_)}")
    began = time.perf_counter()
    ours = lifetime.MODELS["pareto_nbd"]().fit(summary.frequency, summary.recency, summary.T)
    fitted = time.perf_counter()
    oracle = ParetoNBDFitter()
    oracle.fit(summary.frequency, summary.recency, summary.T)
    theirs = time.perf_counter() - fitted
    print(f"cdnow Pareto/NBD fit: {fitted - began:.2f} s, lifetimes {theirs:.2f} s; LL {ours.loglik_:.2f}")


def classification() -> None:
    """Telco, and the bank with and without the leak: five folds, seed 42."""
    telco = next((DATA / "telco").glob("*.csv"))
    for file, label in ((telco, "Churn"), (DATA / "bank_marketing" / "bank-full.csv", "y")):
        frame = read(file)
        found = classify(features(frame, [label]), binary(frame[label], label, file)[0])
        leaks = ", ".join(f"{leak.feature} ({leak.reason})" for leak in found.leaks) or "none"
        m = found.metrics
        print(
            f"{file.name}: AUC {m.auc:.4f} +- {found.auc_std:.3f}, AP {m.ap:.3f}, lift10 {m.lift10:.2f}; leaks: {leaks}"
        )


def hillstrom() -> None:
    """Both arms, splits of seeds 0-4, beside scikit-uplift's class transformation over a logistic regression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklift.models import ClassTransformation

    frame = read(DATA / "hillstrom" / "hillstrom_email_data.csv")
    for arm in ("Womens E-Mail", "Mens E-Mail"):
        rows = frame[frame["segment"].isin([arm, "No E-Mail"])]
        treated, came = (np.asarray(v, dtype=np.float64) for v in (rows["segment"] == arm, rows["visit"]))
        found = measure(features(rows, ["segment", "visit"]), treated, came)
        clean = features(rows, ["segment", "visit", "conversion", "spend"])
        peers = []
        for seed, split in enumerate(found.splits):
            train, test = train_test_split(
                np.arange(len(came)), test_size=0.3, random_state=seed, stratify=2 * treated + came
            )
            matrix = pd.DataFrame(clean.linear(train))
            peer = ClassTransformation(LogisticRegression(C=0.1, max_iter=1000))
            peer.fit(matrix.iloc[train], pd.Series(came[train]), pd.Series(treated[train]))
            peers.append(qini(split.trial, np.asarray(peer.predict(matrix.iloc[test]))))
        print(
            f"hillstrom {arm}: Qini {found.qini:.4f} ({found.qini_low:.4f}..{found.qini_high:.4f}), scikit-uplift "
            f"{np.mean(peers):.4f}, response {found.qini_response:.4f}; {found.verdict}: {found.reason}"
        )


def main() -> None:
    """Print what is asked for, or all."""
    parts = {"cdnow": cdnow, "classification": classification, "hillstrom": hillstrom}
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()

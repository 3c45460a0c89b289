"""scikit-learn: only its handwritten-digits data set, the embedded default of //train."""

ARCHIVE = {
    "name": "scikit_learn",
    "wheel": "scikit-learn==1.5.2",
    "sha256": "f8b0ccd4a902836493e026c03256e8b206656f91fbcc4fde28c57a5b752561f1",
    "licence": "BSD-3-Clause; digits: CC-BY-4.0 (UCI)",
    "build_file": "//third_party/scikit_learn:scikit_learn.BUILD",
    "keep": [
        "scikit_learn-1.5.2.dist-info/COPYING",
        "sklearn/datasets/data/digits.csv.gz",
    ],
}

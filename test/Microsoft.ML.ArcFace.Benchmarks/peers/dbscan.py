"""scikit-learn's side of the comparison of groupings: DBSCAN by cosine distance on the same embeddings.

dbscan.py VECTORS SIZE EPS...
VECTORS holds float32 numbers, SIZE to a face. Writes a line of JSON for each EPS and each of 1, 2 and 3 least samples: eps,
samples and the labels, -1 for noise.
"""
import json
import sys

import numpy
import sklearn
from sklearn.cluster import DBSCAN


def main():
    vectors = numpy.fromfile(sys.argv[1], dtype=numpy.float32).reshape(-1, int(sys.argv[2])).astype(numpy.float64)
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    print(f"scikit-learn {sklearn.__version__}", file=sys.stderr)
    for samples in (1, 2, 3):
        for eps in map(float, sys.argv[3:]):
            labels = DBSCAN(eps=eps, min_samples=samples, metric="cosine").fit_predict(vectors)
            print(json.dumps({"Eps": eps, "Samples": samples, "Labels": labels.tolist()}), flush=True)


main()

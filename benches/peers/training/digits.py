"""Writes scikit-learn's 1797 handwritten digits of 8 × 8 pixels (UCI, "Optical recognition of handwritten digits", CC BY 4.0) to a file:

    pip install scikit-learn
    python benches/peers/training/digits.py digits.csv
    cargo run --release -p costate-benches --bin study -- digits --digits=digits.csv

A line is 64 numbers from 0 to 16, row by row, and the digit.
"""

import sys

import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()
np.savetxt(sys.argv[1], np.c_[digits.data, digits.target], fmt="%d", delimiter=",")

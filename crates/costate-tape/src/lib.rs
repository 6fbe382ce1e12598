//! Reverse-mode automatic differentiation on a symbolic tape: record, differentiate, simplify, compile, run.

//! Initial value problems for ordinary differential equations, generic over num-traits scalars and states.

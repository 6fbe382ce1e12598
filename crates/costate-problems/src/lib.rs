//! Reference problems with known answers, shared by the tests, benches and docs of costate.

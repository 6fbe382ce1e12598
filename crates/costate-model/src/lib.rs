//! Model files: differential equations, data and fits in one TOML file.

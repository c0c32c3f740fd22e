//! The contracts are in `tests/`.

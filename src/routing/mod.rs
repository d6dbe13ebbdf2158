//! Who is next, and why nobody: pure.

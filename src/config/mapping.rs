//! `[mapping]`: how the roster becomes the target's model. For the room `mapping`.

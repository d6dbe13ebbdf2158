//! Two listeners: the Rocket.Chat-shaped face and the operators' door.

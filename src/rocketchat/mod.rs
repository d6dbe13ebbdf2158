//! Rocket.Chat's side: the client that reads and writes a workspace (admin contract §1–3).

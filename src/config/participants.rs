//! `[participants]`: who takes part. For the room `mapping`.

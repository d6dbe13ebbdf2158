//! Whether a visitor is already talking to somebody.

/// Open rooms by visitor token (livechat contract §4.1.2, step 1). Memory only, never blocks.
pub trait OpenRooms: Send + Sync + 'static {
    /// Whether the visitor of this token has an open room.
    fn has_open_room(&self, visitor_token: &str) -> bool;
}

/// The first engine: this bridge holds no rooms, so nobody has one.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRooms;

impl OpenRooms for NoRooms {
    fn has_open_room(&self, _visitor_token: &str) -> bool {
        false
    }
}

//! Width and height of a picture, read from the first bytes of the usual kinds.

/// Width and height in pixels, of PNG, GIF and JPEG; `None` where the bytes do not say.
pub fn dimensions(head: &[u8]) -> Option<(u32, u32)> {
    if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        let big = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
        return Some((big(16)?, big(20)?));
    }
    if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") {
        let little = |at: usize| {
            let pair = head.get(at..at + 2)?.try_into().ok()?;
            Some(u32::from(u16::from_le_bytes(pair)))
        };
        return Some((little(6)?, little(8)?));
    }
    if head.starts_with(b"\xff\xd8") {
        return jpeg(head);
    }
    None
}

/// Segment by segment to the one that begins the frame.
fn jpeg(head: &[u8]) -> Option<(u32, u32)> {
    let big = |at: usize| {
        let pair = head.get(at..at + 2)?.try_into().ok()?;
        Some(u16::from_be_bytes(pair))
    };
    let mut at = 2;
    loop {
        if *head.get(at)? != 0xff {
            return None;
        }
        match *head.get(at + 1)? {
            // Fill bytes.
            0xff => at += 1,
            // Markers without a length.
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((u32::from(big(at + 7)?), u32::from(big(at + 5)?)));
            }
            _ => at += 2 + usize::from(big(at + 2)?).max(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_kinds_say_their_size() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x02\0\0\0\x03";
        let gif = b"GIF89a\x05\x00\x06\x00";
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc0\0\x11\x08\0\x07\0\x09";
        let cases = [
            (&png[..], Some((258, 3))),
            (&gif[..], Some((5, 6))),
            (&jpeg[..], Some((9, 7))),
            (&png[..20], None),
            (&b"\xff\xd8\xff\xe0\0\0"[..], None),
            (&b"<svg width=\"3\">"[..], None),
        ];
        for (head, expected) in cases {
            assert_eq!(dimensions(head), expected);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(tail: Vec<u8>) {
            for magic in [&b"\x89PNG\r\n\x1a\n"[..], b"GIF89a", b"\xff\xd8"] {
                let _ = dimensions(&[magic, &tail].concat());
            }
        }
    }
}

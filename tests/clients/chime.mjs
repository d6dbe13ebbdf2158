// Writes a chime to stdout: the published build of the widget has none, and lp2rc names one.
//
//   node chime.mjs >sounds/chime.mp3
//
// It is a WAV; browsers look at what a sound begins with, not at its name.
const RATE = 8000;
const length = RATE / 4;
const wav = Buffer.alloc(44 + length * 2);
wav.write('RIFF', 0);
wav.writeUInt32LE(36 + length * 2, 4);
wav.write('WAVEfmt ', 8);
wav.writeUInt32LE(16, 16); // the format's own length
wav.writeUInt16LE(1, 20); // PCM
wav.writeUInt16LE(1, 22); // mono
wav.writeUInt32LE(RATE, 24);
wav.writeUInt32LE(RATE * 2, 28);
wav.writeUInt16LE(2, 32);
wav.writeUInt16LE(16, 34);
wav.write('data', 36);
wav.writeUInt32LE(length * 2, 40);
for (let at = 0; at < length; at += 1) {
  const fading = Math.exp((-4 * at) / length);
  wav.writeInt16LE(8000 * fading * Math.sin((2 * Math.PI * 880 * at) / RATE), 44 + at * 2);
}
process.stdout.write(wav);

// differences.txt: where lp2rc and one of Rocket.Chat's descriptions differ, knowingly.
import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('differences.txt', import.meta.url), 'utf8');
const glob = (pattern, star) =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join(star)}$`,
  );
const listed = text
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => {
    const [source, operation, at, what, section, why] = line.split(/ {2,}/);
    if (!why) throw new Error(`differences.txt: six columns, two spaces apart, are not in "${line}"`);
    return { line, source, operation: glob(operation, '.*'), at: glob(at, '[^.]*'), what, met: 0 };
  });

const unlisted = new Map();

/** Notes a difference; the same again is one line. */
export function differ(source, operation, at, what, why) {
  const known = listed.find(
    (one) =>
      one.source === source &&
      one.what === what &&
      one.operation.test(operation) &&
      one.at.test(at),
  );
  if (known) {
    known.met += 1;
    return;
  }
  const key = `${source}  ${operation}  ${at}  ${what}`;
  const before = unlisted.get(key);
  unlisted.set(key, { why, times: (before?.times ?? 0) + 1 });
}

/** The verdict of one file, which is then forgotten: `FAIL` lines, or the `ok` line that is told. */
export function verdict(name, told) {
  for (const [key, { why, times }] of unlisted) {
    console.log(`FAIL ${name}: ${key}: ${String(why).replaceAll('\n', ' ')} (${times} times)`);
  }
  const good = unlisted.size === 0;
  if (good) console.log(`ok ${name}: ${told}`);
  unlisted.clear();
  return good;
}

/** A difference that nobody met any more has no place in the list. */
export function stale() {
  const left = listed.filter(({ met }) => met === 0);
  for (const { line } of left) console.log(`FAIL listed and not met: ${line}`);
  if (left.length === 0) console.log(`ok all ${listed.length} listed differences were met`);
  return left.length === 0;
}

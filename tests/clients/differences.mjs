// differences.txt: where lp2rc and one of Rocket.Chat's descriptions differ, knowingly.
import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('differences.txt', import.meta.url), 'utf8');
const glob = (pattern) =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );
const listed = text
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => {
    const [source, operation, at, what, section, why] = line.split(/ {2,}/);
    if (!why) throw new Error(`differences.txt: six columns, two spaces apart, are not in "${line}"`);
    return { source, operation: glob(operation), at: glob(at), what, used: false };
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
    known.used = true;
    return;
  }
  const key = `${source}  ${operation}  ${at}  ${what}`;
  const before = unlisted.get(key);
  unlisted.set(key, { why, times: (before?.times ?? 0) + 1 });
}

/** How many of the listed differences were met. */
export const allowed = () => listed.filter(({ used }) => used).length;

/** The verdict: one `ok` line, or a `FAIL` line for each difference. */
export function finish(told) {
  for (const [key, { why, times }] of unlisted) {
    console.log(`FAIL ${key}: ${String(why).replaceAll('\n', ' ')} (${times} times)`);
  }
  if (unlisted.size === 0) console.log(`ok ${told}`);
  process.exit(unlisted.size === 0 ? 0 : 1);
}

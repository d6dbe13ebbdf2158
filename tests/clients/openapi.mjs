// The official OpenAPI files, asked about JSON, from openapi.facts beside this file.
//
// They are made of examples: deep objects are shown in part and little of an answer is required.
// So an answer must be of the told types wherever a field is told, and must have no key at its top
// that is not; a request must have what is required and nothing that is not told.
import { readFileSync } from 'node:fs';

const operations = new Map();
for (const line of readFileSync(new URL('openapi.facts', import.meta.url), 'utf8').split('\n')) {
  if (line === '' || line.startsWith('#')) continue;
  if (!line.startsWith(' ')) {
    operations.set(line, { query: new Map(), sent: new Map(), got: new Map() });
    continue;
  }
  const [word, path, kinds] = line.trim().split(' ');
  const [side] = word.split('!');
  const told = [...operations.values()].pop()[side];
  told.set(path, { required: word.endsWith('!'), kinds: kinds.split('|') });
}

const tests = [...operations.keys()].map((operation) => {
  const [method, path] = operation.split(' ');
  const parts = path.replace(/[.]/g, '\\.').replace(/\{[^}]+\}/g, '[^/]+');
  return { operation, method, plain: path.split('{').length, test: new RegExp(`^${parts}$`) };
});
tests.sort((one, other) => one.plain - other.plain);

/** `GET /api/v1/livechat/agent.next/{token}` of a request, or undefined. */
export const find = (method, path) =>
  tests.find((one) => one.method === method && one.test.test(path))?.operation;

function kind(value) {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  if (typeof value !== 'number') return [typeof value];
  return Number.isInteger(value) ? ['number', 'integer'] : ['number'];
}

function walk(value, at, told, strict, found) {
  const fact = told.get(at);
  if (fact && fact.kinds[0] !== 'any' && !kind(value).some((one) => fact.kinds.includes(one))) {
    found.push({ at, what: 'type', why: `not ${fact.kinds.join(' or ')}` });
    return;
  }
  if (Array.isArray(value)) {
    value.forEach((one) => walk(one, `${at}[]`, told, strict, found));
  } else if (value && typeof value === 'object') {
    const prefix = at ? `${at}.` : '';
    const some = [...told.keys()].some((path) => path.startsWith(prefix));
    for (const [key, inner] of Object.entries(value)) {
      const path = prefix + key;
      if (some && !told.has(path) && (strict || at === '')) {
        found.push({ at: path, what: 'unknown', why: 'not in the files' });
      }
      walk(inner, path, told, strict, found);
    }
  }
}

/** The differences of the body of an answer 200. */
export function answer(operation, body) {
  const found = [];
  const { got } = operations.get(operation);
  // Some answers are only shown, without a schema.
  if (got.size > 0) walk(body, '', got, false, found);
  return found;
}

/** The differences of a request: its query as text, its body as JSON. */
export function request(operation, query, body) {
  const found = [];
  const told = operations.get(operation);
  for (const key of Object.keys(query)) {
    if (!told.query.has(key)) found.push({ at: key, what: 'unknown', why: 'no such parameter' });
  }
  const lacks = (side, given) => {
    for (const [path, { required }] of side) {
      const top = path.split(/[.[]/)[0];
      if (required && top === path && given?.[path] === undefined) {
        found.push({ at: path, what: 'missing', why: 'required by the files' });
      }
    }
  };
  lacks(told.query, query);
  if (told.sent.size > 0) {
    lacks(told.sent, body);
    walk(body ?? {}, '', told.sent, true, found);
  }
  return found;
}

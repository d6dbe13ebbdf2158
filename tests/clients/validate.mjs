// Every recorded exchange beside Rocket.Chat's own word: what the clients sent and what lp2rc
// answered, as rest-typings, core-typings, ddp-client's stream types and the official OpenAPI files
// have them.
//
//   node --import ./bundler.mjs validate.mjs VERSION:FILE…
//
// FILE is what record.mjs kept. Prints one `ok …` line for each, or one `FAIL …` line for each
// difference that differences.txt does not list, and at last a line for the list itself.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { differ, stale, verdict } from './differences.mjs';
import { frames } from './frames.mjs';
import * as openapi from './openapi.mjs';
import { params, query } from './params.mjs';
import { stored } from './stored.mjs';
import { streams, types } from './types.mjs';

const FAILURE = ['success', 'error', 'errorType', 'details', 'status', 'message', 'reason'];

/** The envelope of contract §1.4 around anything that is not a success. */
function failure(operation, { status, got: { body } }) {
  const told = (at, why) => differ('envelope', operation, at, 'type', why);
  if (body === null || typeof body !== 'object') return told('.', `${status} with ${body}`);
  // The 401 of a protected route is the older form too (contract §1.6).
  if (body.success !== false) told('success', `is ${body.success} in a ${status}`);
  for (const [key, value] of Object.entries(body)) {
    if (!FAILURE.includes(key)) told(key, `does not belong into a ${status}`);
    else if (key !== 'success' && key !== 'details' && typeof value !== 'string') {
      told(key, `is ${JSON.stringify(value)} in a ${status}`);
    }
  }
}

/** What was asked, beside what the answer makes of it; false where no validator is exported. */
function asked(judge, operation, given, { status, got: { body } }) {
  const errors = judge(operation, given);
  if (errors === undefined) return false;
  const refused = body?.errorType === 'invalid-params' || body?.errorType === 'error-invalid-params';
  if (errors.length === 0 && refused && status === 400) {
    differ('params', operation, '.', 'refused', `a good request: ${body.error}`);
  } else if (errors.length > 0 && status < 400) {
    differ('params', operation, '.', 'accepted', errors[0].message);
  } else if (errors.length > 0 && status === 400) {
    // The texts are the validator's own, word for word (contract §1.5.1).
    const text = `${errors.map(({ message }) => message).join('\n ')} [invalid-params]`;
    if (body.error !== text) differ('params', operation, '.', 'refusal', body.error);
  }
  return true;
}

/** One exchange; the operation it is of, unless it is none of the API's. */
function exchange(line, { version, typed, judge }) {
  const { method, target, sent, status, got } = line;
  const url = new URL(target, 'http://localhost');
  if (!url.pathname.startsWith('/api/v1/') || method === 'OPTIONS') return undefined;
  const path = url.pathname.slice('/api'.length);
  const pattern = typed.find(path);
  const told = openapi.find(method, url.pathname);
  const known = pattern && typed.has(method, pattern);
  const operation = `${method} ${pattern ?? path}`;
  if (status === 404 && typeof got.body === 'string') {
    if (known) differ('route', operation, '.', 'missing', 'answered 404');
    return operation;
  }
  if (!known) differ('route', operation, '.', 'unknown', `not a route of ${version}`);
  if (got.headers['content-type'] !== 'application/json') {
    differ('envelope', operation, 'content-type', 'type', got.headers['content-type']);
  }

  const given = method === 'GET' ? query(url.search) : (sent.body ?? {});
  const upload = given.bytes !== undefined;
  const judged = known && !upload && asked(judge, operation, given, line);
  if (status !== 200) {
    failure(operation, line);
    return operation;
  }

  const { success, ...answer } = got.body;
  if (success !== true && got.body.status !== 'success') {
    differ('envelope', operation, 'success', 'type', `is ${success} in a 200`);
  }
  const tell = (source) => (one) => differ(source, operation, one.at, one.what, one.why);
  if (known) {
    if (!judged && method !== 'GET' && !upload) {
      // Some types count the path's parameters among the body's.
      const inPath = ({ at, what }) => what === 'missing' && `${pattern}/`.includes(`/:${at}/`);
      const differences = typed.sent(method, pattern, given).filter((one) => !inPath(one));
      differences.forEach(tell('types-sent'));
    }
    // The envelope adds `success` to every answer, most types do not say it.
    const own = typed.answer(method, pattern, answer).filter(({ at }) => at !== 'success');
    own.forEach(tell('types'));
  }
  if (version === 8) stored(answer).forEach(tell('schemas'));
  if (!told) {
    differ('openapi', operation, '.', 'unknown', 'no such operation');
    return operation;
  }
  const body = method === 'GET' || upload ? undefined : given;
  const search = query(url.search);
  openapi.request(told, search, upload ? {} : body).forEach(tell('openapi-sent'));
  openapi.answer(told, got.body).forEach(tell('openapi'));
  return operation;
}

const words = new Map();
const told = streams();
let good = true;
for (const argument of process.argv.slice(2)) {
  const [, version, file] = /^(\d):(.*)$/.exec(argument);
  if (!words.has(version)) {
    words.set(version, {
      version: Number(version),
      typed: types(version),
      judge: await params(version),
    });
  }
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const exchanges = lines.filter(({ socket }) => socket === undefined);
  const operations = exchanges.map((line) => exchange(line, words.get(version))).filter(Boolean);
  const sockets = lines.filter(({ socket }) => socket !== undefined);
  frames(sockets, told, (at, what, why, name) => differ('stream', name, at, what, why));
  const sum =
    `${operations.length} exchanges of ${new Set(operations).size} operations and ` +
    `${sockets.length} frames are as Rocket.Chat ${version} has them`;
  good = verdict(basename(file, '.jsonl'), sum) && good;
}
good = stale() && good;
process.exit(good ? 0 : 1);

// Rocket.Chat's own TypeScript types, asked about JSON: what does this answer have that its type
// does not, what lacks, what is of another kind? The types are read by the compiler itself, from
// rest-typings of the version (with the core-typings it stands on) and, for the streams, from
// ddp-client. Nothing is compiled away: `unknown` and `any` take everything, as there.
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const PACKAGES = {
  6: 'rest-typings-6',
  7: 'rest-typings-7',
  8: '@rocket.chat/rest-typings',
};
// No core-typings 7 is published: the paths of 7 are read with the objects of 8.
const CORE = {
  7: { '@rocket.chat/core-typings': ['node_modules/@rocket.chat/core-typings'] },
};
const HERE = fileURLToPath(new URL('.', import.meta.url));
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The compiler's view of one small file of ours that names what we ask for. */
function program(text, paths) {
  const name = `${HERE}asked.ts`;
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    types: [],
    ...(paths && { baseUrl: HERE, paths }),
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === name || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === name
      ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
      : getSourceFile(path, ...rest);
  const made = ts.createProgram([name], options, host);
  const file = made.getSourceFile(name);
  const wrong = made.getSemanticDiagnostics(file);
  if (wrong.length > 0) {
    const format = { getCanonicalFileName: (path) => path, getNewLine: () => '\n' };
    throw new Error(ts.formatDiagnostics(wrong, { ...format, getCurrentDirectory: () => HERE }));
  }
  const checker = made.getTypeChecker();
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(file));
  return {
    checker,
    file,
    named: (wanted) =>
      checker.getDeclaredTypeOfSymbol(symbols.find((symbol) => symbol.name === wanted)),
  };
}

/** `/v1/livechat/visitor/:token` of a path, a plain name before one with parameters. */
function patterns(names) {
  const tests = names.map((name) => [
    name,
    new RegExp(`^${name.replace(/[.]/g, '\\.').replace(/:[^/]+/g, '[^/]+')}$`),
  ]);
  tests.sort(([one], [other]) => one.split(':').length - other.split(':').length);
  return (path) => tests.find(([, test]) => test.test(path))?.[0];
}

/** Walks a value along a type; every difference is {at, what, why}. */
class Walk {
  constructor({ checker, file }, ejson) {
    Object.assign(this, { checker, file, ejson, found: [] });
  }

  tell(at, what, why) {
    this.found.push({ at: at.replace(/^\./, '') || '.', what, why });
  }

  /** How many keys of a value a member of a union does not know. */
  strange(value, member) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return 0;
    if (!(member.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection))) return Infinity;
    if (this.checker.getIndexInfoOfType(member, ts.IndexKind.String)) return 0;
    const known = new Map(this.checker.getPropertiesOfType(member).map((one) => [one.name, one]));
    // What a key must say tells the members apart.
    for (const [key, property] of known) {
      const kind = this.checker.getTypeOfSymbolAtLocation(property, this.file);
      if (kind.isStringLiteral() && key in value && value[key] !== kind.value) return Infinity;
    }
    return Object.keys(value).filter((key) => !known.has(key)).length;
  }

  /** The differences of a value from the nearest member of a union: the one that knows its keys. */
  union(value, members, at) {
    let best;
    for (const member of members) {
      const walk = new Walk(this, this.ejson);
      walk.value(value, member, at);
      if (walk.found.length === 0) return;
      const one = { found: walk.found, strange: this.strange(value, member) };
      const nearer = !best || one.strange < best.strange;
      const fewer = one.strange === best?.strange && one.found.length < best.found.length;
      if (nearer || fewer) best = one;
    }
    this.found.push(...best.found);
  }

  value(value, type, at) {
    const { checker } = this;
    const { TypeFlags: F } = ts;
    if (type.flags & (F.Any | F.Unknown)) return;
    const is = (good) => good || this.tell(at, 'type', `not ${checker.typeToString(type)}`);
    if (type.isUnion()) {
      const kind = value === null ? F.Null : F.NonPrimitive;
      const members = type.types.filter(({ flags }) => !(flags & F.Undefined) || kind === F.Null);
      return this.union(value, members, at);
    }
    if (type.flags & F.Null) return is(value === null);
    // A handler that returns nothing answers with an empty object.
    if (type.flags & F.Void) return is(value && Object.keys(value).length === 0);
    if (type.flags & (F.Undefined | F.Never)) return is(false);
    if (type.isStringLiteral() || type.isNumberLiteral()) return is(value === type.value);
    if (type.flags & F.BooleanLiteral) return is(String(value) === checker.typeToString(type));
    if (type.flags & F.StringLike) return is(typeof value === 'string');
    if (type.flags & F.NumberLike) return is(typeof value === 'number');
    if (type.flags & F.BooleanLike) return is(typeof value === 'boolean');
    if (type.isIntersection()) {
      // A branded string: only its plain part can be in JSON.
      const plain = type.types.find(({ flags }) => flags & (F.StringLike | F.NumberLike));
      if (plain) return this.value(value, plain, at);
    }
    if (type.symbol?.name === 'Date') return is(this.date(value));
    if (checker.isTupleType(type) || checker.isArrayType(type)) return this.list(value, type, at);
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return is(false);
    this.object(value, type, at);
  }

  date(value) {
    if (!this.ejson) return ISO.test(value);
    return Number.isInteger(value?.$date) && Object.keys(value).length === 1;
  }

  list(value, type, at) {
    if (!Array.isArray(value)) return this.tell(at, 'type', 'not a list');
    const kinds = this.checker.getTypeArguments(type);
    const tuple = this.checker.isTupleType(type);
    if (tuple && value.length < type.target.minLength) this.tell(at, 'missing', 'too short');
    value.forEach((one, index) => {
      const kind = tuple ? kinds[index] : kinds[0];
      if (kind) this.value(one, kind, `${at}[]`);
      else this.tell(at, 'unknown', 'too long');
    });
  }

  object(value, type, at) {
    const { checker, file } = this;
    const others = checker.getIndexInfoOfType(type, ts.IndexKind.String);
    const known = new Map(checker.getPropertiesOfType(type).map((one) => [one.name, one]));
    for (const [key, inner] of Object.entries(value)) {
      const property = known.get(key);
      const kind = property ? checker.getTypeOfSymbolAtLocation(property, file) : others?.type;
      if (kind) this.value(inner, kind, `${at}.${key}`);
      else this.tell(`${at}.${key}`, 'unknown', 'not in the type');
    }
    for (const [key, property] of known) {
      if (key in value || property.flags & ts.SymbolFlags.Optional) continue;
      const kind = checker.getTypeOfSymbolAtLocation(property, file);
      const without = kind.isUnion() ? kind.types : [kind];
      const { Undefined, Any, Unknown } = ts.TypeFlags;
      if (without.some(({ flags }) => flags & (Undefined | Any | Unknown))) continue;
      this.tell(`${at}.${key}`, 'missing', 'required by the type');
    }
  }
}

/** The types of one version of Rocket.Chat: `find` names a path's pattern, `answer` and `sent` compare. */
export function types(version) {
  const asked = program(`
    import type { Endpoints } from '${PACKAGES[version]}';
    export type All = { [P in keyof Endpoints]: {
      [M in keyof Endpoints[P]]: Endpoints[P][M] extends (...args: any) => any
        ? { sent: Parameters<Endpoints[P][M]>[0]; answer: ReturnType<Endpoints[P][M]> } : never } };
  `, CORE[version]);
  const { checker, file } = asked;
  const inner = (type, key) => {
    const property = type && checker.getPropertyOfType(type, key);
    return property && checker.getTypeOfSymbolAtLocation(property, file);
  };
  const all = asked.named('All');
  const compare = (side) => (method, pattern, value) => {
    const type = inner(inner(inner(all, pattern), method), side);
    // Nothing is said of this side.
    if (!type || type.flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined)) return [];
    const walk = new Walk(asked, false);
    walk.value(value, type, '');
    return walk.found;
  };
  return {
    find: patterns(checker.getPropertiesOfType(all).map(({ name }) => name)),
    has: (method, pattern) => Boolean(inner(inner(all, pattern), method)),
    answer: compare('answer'),
    sent: compare('sent'),
  };
}

/** The events of the streams, as ddp-client knows them: `event` compares the args of one. */
export function streams() {
  const asked = program(`
    import type { StreamerEvents } from '@rocket.chat/ddp-client/dist/types/streams';
    export type Streams = { [N in keyof StreamerEvents]: StreamerEvents[N] };
  `);
  const { checker, file } = asked;
  const type = (property) => checker.getTypeOfSymbolAtLocation(property, file);
  const all = asked.named('Streams');
  return {
    event(stream, eventName, args) {
      const property = checker.getPropertyOfType(all, stream);
      if (!property) return undefined;
      for (const one of checker.getTypeArguments(type(property))) {
        const key = type(checker.getPropertyOfType(one, 'key'));
        if (!fits(checker.typeToString(key), eventName)) continue;
        const walk = new Walk(asked, true);
        walk.value(args, type(checker.getPropertyOfType(one, 'args')), '');
        return walk.found;
      }
      return undefined;
    },
  };
}

/** Whether a name is of the type `string`, "a literal" or `${string}/a-template`. */
function fits(type, name) {
  if (type === 'string') return true;
  const parts = type.slice(1, -1).split('${string}');
  const escaped = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.+')}$`).test(name);
}


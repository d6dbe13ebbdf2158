// core-typings' JSON schemas (Rocket.Chat makes them of its types with typia), for every message in
// an answer, wherever it is.
import { schemas } from '@rocket.chat/core-typings';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

// `strict` complains of the words of OpenAPI beside those of JSON Schema.
const ajv = new Ajv.default({ strict: false, allErrors: true });
(formats.default ?? formats)(ajv);
// A value of a TypeScript union may be of several of its members.
const unions = JSON.parse(JSON.stringify(schemas).replaceAll('"oneOf"', '"anyOf"'));
const validate = ajv.compile({ ...unions, $ref: '#/components/schemas/IMessage' });

const isMessage = (value) => typeof value?.msg === 'string' && typeof value?.u === 'object';

/** Of a union each member complains, and all that is in it: only the union itself is told. */
function outermost(errors) {
  const isUnion = ({ keyword }) => keyword === 'anyOf';
  const unions = errors.filter(isUnion).map(({ instancePath }) => instancePath);
  return errors.filter(
    (error) =>
      !unions.some((path) =>
        isUnion(error)
          ? error.instancePath.startsWith(`${path}/`)
          : `${error.instancePath}/`.startsWith(`${path}/`),
      ),
  );
}

/** The differences of all messages in a value. */
export function stored(value, at = '') {
  if (value === null || typeof value !== 'object') return [];
  const inner = Object.entries(value).flatMap(([key, one]) =>
    stored(one, Array.isArray(value) ? `${at}[]` : [at, key].filter(Boolean).join('.')),
  );
  if (!isMessage(value) || validate(value)) return inner;
  return outermost(validate.errors)
    .map(({ instancePath, message }) => ({
      at: [at, instancePath.slice(1).replaceAll('/', '.')].filter(Boolean).join('.'),
      what: 'type',
      why: message,
    }))
    .concat(inner);
}

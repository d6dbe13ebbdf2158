// core-typings' JSON schemas (Rocket.Chat makes them of its types with typia), for every message in
// an answer, wherever it is.
import { schemas } from '@rocket.chat/core-typings';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

// `strict` complains of the words of OpenAPI beside those of JSON Schema.
const ajv = new Ajv.default({ strict: false, allErrors: true });
(formats.default ?? formats)(ajv);
const validate = ajv.compile({ ...schemas, $ref: '#/components/schemas/IMessage' });

const isMessage = (value) => typeof value?.msg === 'string' && typeof value?.u === 'object';

/** The differences of all messages in a value. */
export function stored(value, at = '') {
  if (value === null || typeof value !== 'object') return [];
  const inner = Object.entries(value).flatMap(([key, one]) =>
    stored(one, Array.isArray(value) ? `${at}[]` : [at, key].filter(Boolean).join('.')),
  );
  if (!isMessage(value) || validate(value)) return inner;
  // Of a union each member complains; what is not part of one says what is wrong.
  const errors = validate.errors.filter(({ schemaPath }) => !/(any|one)Of/.test(schemaPath));
  return (errors.length > 0 ? errors : validate.errors.slice(0, 1))
    .map(({ instancePath, message }) => ({
      at: [at, instancePath.slice(1).replaceAll('/', '.')].filter(Boolean).join('.'),
      what: 'type',
      why: message,
    }))
    .concat(inner);
}

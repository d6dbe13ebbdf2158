// What every client is owed of the objects of docs/contracts/rocketchat-livechat.md §3 and §4.2.
// Types to the last field are validate.mjs's affair; here is what a client's code leans on.
import assert from 'node:assert/strict';

const ID = /^[23456789A-HJ-NP-TWXYZa-km-z]{17}$|^[0-9a-f]{24}$/;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const words = (object, keys, name) => {
  for (const key of keys) {
    assert.equal(typeof object[key], 'string', `${name}.${key} is ${object[key]}`);
    assert.notEqual(object[key], '', `${name}.${key} is empty`);
  }
};
const dates = (object, keys, name) => {
  for (const key of keys) assert.match(String(object[key]), ISO, `${name}.${key}`);
};

/** §3.1, for the visitor that was registered with `token`. */
export function assertVisitor(visitor, token) {
  assert.ok(visitor, 'no visitor in the answer');
  words(visitor, ['_id', 'username', 'token'], 'visitor');
  dates(visitor, ['ts', '_updatedAt'], 'visitor');
  assert.equal(visitor.token, token);
  assert.equal(visitor.status, 'online');
}

/** §3.2, for an open room of the visitor. */
export function assertRoom(room, visitor, source = 'api') {
  assert.ok(room, 'no room in the answer');
  assert.match(String(room._id), ID, 'room._id');
  dates(room, ['ts', 'lm', '_updatedAt'], 'room');
  assert.equal(room.t, 'l');
  assert.equal(room.open, true);
  assert.equal(room.source?.type, source);
  assert.equal(room.v?._id, visitor._id);
  assert.equal(room.v?.token, visitor.token);
  assert.equal(typeof room.msgs, 'number', 'room.msgs');
}

/** §3.3, as REST shows it; `expected` are fields with their exact values. */
export function assertMessage(message, expected = {}) {
  assert.ok(message, 'no message in the answer');
  words(message, ['_id', 'rid'], 'message');
  dates(message, ['ts', '_updatedAt'], 'message');
  assert.equal(typeof message.msg, 'string', 'message.msg');
  words(message.u ?? {}, ['_id', 'username'], 'message.u');
  for (const [key, value] of Object.entries(expected)) {
    assert.deepEqual(message[key], value, `message.${key}`);
  }
}

/** §4.2.1: the keys without which the widget does not start, and the fixed survey. */
export function assertConfig(config) {
  assert.equal(config?.enabled, true);
  for (const key of ['settings', 'theme', 'messages', 'survey', 'resources']) {
    assert.equal(typeof config[key], 'object', `config.${key}`);
  }
  for (const key of ['triggers', 'departments']) {
    assert.ok(Array.isArray(config[key]), `config.${key} is no list`);
  }
  assert.equal(typeof config.online, 'boolean');
  assert.match(config.resources.sound, /^https?:\/\/.+\/sounds\/chime\.mp3$/);
  assert.deepEqual(config.survey, {
    items: ['satisfaction', 'agentKnowledge', 'agentResposiveness', 'agentFriendliness'],
    values: ['1', '2', '3', '4', '5'],
  });
}

/** The newest first, and nothing twice. */
export function assertHistory(messages) {
  const ids = messages.map(({ _id }) => _id);
  assert.equal(new Set(ids).size, ids.length, 'a message is there twice');
  const times = messages.map(({ ts }) => ts);
  assert.deepEqual(times, [...times].sort().reverse(), 'not newest first');
}

// @rocket.chat/api-client's RestClient, the one of Rocket.Chat's own web client, on the agents' side:
// who am I, the queue, the rooms, an answer, a transfer, an end, and the contacts.
//
//   node api-client.mjs http://127.0.0.1:PORT [7|8]
import './browser.mjs';
import assert from 'node:assert/strict';
import { check, finish, soon, unique, visitorToken } from './checks.mjs';
import { assertHistory, assertMessage, assertRoom, assertVisitor } from './shapes.mjs';

const { RestClient } = (await import('@rocket.chat/api-client')).default;

const api = process.argv[2];
const version = Number(process.argv[3] ?? 8);
const manager = new RestClient({ baseUrl: api });
const visitors = new RestClient({ baseUrl: api });

/** It rejects with fetch's Response itself. */
async function refused(call, status, body) {
  const response = await call.then(
    () => assert.fail('it resolved'),
    (refusal) => refusal,
  );
  if (!(response instanceof Response)) throw response;
  assert.equal(response.status, status);
  const got = await response.json();
  if (body) assert.deepEqual(got, body);
}
const failure = (error, errorType) => ({ success: false, error, ...(errorType && { errorType }) });
const OK = { success: true };

// The visitors' side of the story.
const token = visitorToken();
const history = async (rid) =>
  (await visitors.get(`/v1/livechat/messages.history/${rid}`, { token })).messages;

await check('nobody is logged in', async () => {
  await refused(manager.get('/v1/livechat/rooms'), 401, {
    success: false,
    error: 'You must be logged in to do this.',
    status: 'error',
    message: 'You must be logged in to do this.',
  });
  await refused(manager.post('/v1/login', { user: 'console', password: 'wrong' }), 401);
});

let me;
await check('login and me', async () => {
  const { status, data } = await manager.post('/v1/login', { user: 'console', password: 'console' });
  assert.equal(status, 'success');
  manager.setCredentials({ 'X-User-Id': data.userId, 'X-Auth-Token': data.authToken });
  me = await manager.get('/v1/me');
  assert.equal(me.success, true);
  assert.deepEqual([me._id, me.username], [data.userId, 'console']);
  assert.equal(data.me._id, me._id);
  assert.ok(me.roles.includes('livechat-manager'));
});

let visitor;
let room;
let departments;
await check('a visitor comes', async () => {
  ({ departments } = (await visitors.get('/v1/livechat/config')).config);
  const guest = { token, name: 'Cleo', email: 'cleo@example.org', department: departments[0]._id };
  ({ visitor } = await visitors.post('/v1/livechat/visitor', { visitor: guest }));
  assertVisitor(visitor, token);
  const started = await visitors.get('/v1/livechat/room', { token });
  assert.equal(started.newRoom, true);
  assertRoom(started.room, visitor);
  room = await soon(async () => {
    const served = (await visitors.get('/v1/livechat/room', { token })).room;
    assert.ok(served.servedBy, 'nobody serves the room');
    return served;
  });
});

await check('livechat/rooms finds the room by each filter', async () => {
  const filters = [
    { open: true },
    { roomName: 'Cleo' },
    { agents: [room.servedBy._id] },
    { departmentId: room.departmentId, sort: JSON.stringify({ ts: -1 }) },
    { createdAt: JSON.stringify({ start: room.ts }) },
  ];
  for (const filter of filters) {
    const page = await manager.get('/v1/livechat/rooms', filter);
    assert.ok(page.rooms.some(({ _id }) => _id === room._id), JSON.stringify(filter));
    assert.equal(page.count, page.rooms.length);
    assert.ok(page.total >= page.count && page.offset === 0);
  }
  const { rooms } = await manager.get('/v1/livechat/rooms', { open: false });
  assert.ok(!rooms.some(({ _id }) => _id === room._id));
  const one = await manager.get('/v1/livechat/rooms', { count: 1, offset: 0 });
  assert.equal(one.count, 1);
});

await check('visitor/:token/room', async () => {
  const { rooms } = await manager.get(`/v1/livechat/visitor/${token}/room`);
  assert.deepEqual(
    rooms.map(({ _id, t }) => [_id, t]),
    [[room._id, 'l']],
  );
});

await check('the manager writes as the one who serves', async () => {
  const msg = unique('I am looking');
  const { message } = await manager.post('/v1/chat.sendMessage', { message: { rid: room._id, msg } });
  assertMessage(message, { msg, rid: room._id });
  assert.equal(message.u._id, room.servedBy._id);
  const messages = await history(room._id);
  assertHistory(messages);
  assert.equal(messages.find(({ _id }) => _id === message._id)?.msg, msg);
});

await check(':rid/messages searches', async () => {
  const msg = unique('needle');
  await visitors.post('/v1/livechat/message', { token, rid: room._id, msg });
  const page = await manager.get(`/v1/livechat/${room._id}/messages`, { searchTerm: msg });
  assert.deepEqual(
    page.messages.filter(({ u }) => u._id === visitor._id).map((message) => message.msg),
    [msg],
  );
});

await check('returnAsInquiry, the queue, and take', async () => {
  await manager.post('/v1/livechat/inquiries.returnAsInquiry', { roomId: room._id });
  const { inquiry } = await manager.get('/v1/livechat/inquiries.getOne', { roomId: room._id });
  assert.equal(inquiry.rid, room._id);
  assert.equal(inquiry.v._id, visitor._id);
  const page = await manager.get('/v1/livechat/inquiries.list');
  assert.equal(page.count, page.inquiries.length);
  await manager.get('/v1/livechat/inquiries.queuedForUser');
  if (inquiry.status !== 'taken') {
    const userId = room.servedBy._id;
    const taken = { inquiryId: inquiry._id, userId };
    assert.deepEqual(await manager.post('/v1/livechat/inquiries.take', taken), OK);
  }
  const served = (await visitors.get('/v1/livechat/room', { token })).room;
  assert.ok(served.servedBy?._id, 'nobody serves the room');
  room = served;
});

await check('room.join and room.saveInfo', async () => {
  assert.deepEqual(await manager.get('/v1/livechat/room.join', { roomId: room._id }), OK);
  const info = {
    guestData: { _id: visitor._id, name: 'Cleopatra', email: 'cleo@example.org' },
    roomData: { _id: room._id, topic: 'a parcel', tags: ['late'] },
  };
  assert.deepEqual(await manager.post('/v1/livechat/room.saveInfo', info), OK);
  const now = (await visitors.get('/v1/livechat/room', { token })).room;
  assert.deepEqual([now.topic, now.tags], ['a parcel', ['late']]);
  const named = (await visitors.get(`/v1/livechat/visitor/${token}`)).visitor;
  assert.equal(named.name, 'Cleopatra');
});

await check('room.forward is told in transfer.history', async () => {
  const [, other] = departments;
  const to = { roomId: room._id, departmentId: other._id, comment: 'they know' };
  assert.deepEqual(await manager.post('/v1/livechat/room.forward', to), OK);
  const moved = (await visitors.get('/v1/livechat/room', { token })).room;
  assert.equal(moved.departmentId, other._id);
  const page = await manager.get(`/v1/livechat/transfer.history/${room._id}`);
  const [last] = page.history.filter(({ comment }) => comment === 'they know');
  assert.equal(last.scope, 'department');
  // A manager who is no agent acts as the one who serves.
  assert.equal(last.transferredBy._id, room.servedBy._id);
  const nobody = { roomId: 'nothing', departmentId: other._id };
  await refused(manager.post('/v1/livechat/room.forward', nobody), 400);
});

await check('transcript/:rid is asked for once, and taken back', async () => {
  const at = `/v1/livechat/transcript/${room._id}`;
  const to = { email: 'cleo@example.org', subject: 'Your chat' };
  assert.deepEqual(await manager.post(at, to), OK);
  await refused(manager.post(at, to), 400);
  assert.deepEqual(await manager.delete(at), OK);
});

await check('room.closeByUser', async () => {
  const end = { rid: room._id, comment: 'all found' };
  assert.deepEqual(await manager.post('/v1/livechat/room.closeByUser', end), OK);
  const [closing] = (await history(room._id)).filter(({ t }) => t === 'livechat-close');
  assert.equal(closing.msg, 'all found');
  await refused(manager.post('/v1/livechat/room.closeByUser', end), 400);
  const closed = await manager.get('/v1/livechat/rooms', { open: false });
  const found = closed.rooms.find(({ _id }) => _id === room._id);
  assert.equal(found.closer, 'user');
});

await check('livechat/messages in bulk', async () => {
  const body = { visitor: { token }, messages: [{ msg: 'one' }, { msg: 'two' }] };
  const { messages } = await manager.post('/v1/livechat/messages', body);
  assert.deepEqual(
    messages.map(({ msg, username }) => [msg, username]),
    [
      ['one', visitor.username],
      ['two', visitor.username],
    ],
  );
});

await check('agent.status and config/routing', async () => {
  const agentId = room.servedBy._id;
  // LivePerson says who is available; an answer with the unchanged status is one of Rocket.Chat's own.
  for (const status of ['not-available', 'available']) {
    const answer = await manager.post('/v1/livechat/agent.status', { agentId, status });
    assert.deepEqual(answer, { status: 'available', success: true });
  }
  await refused(
    manager.post('/v1/livechat/agent.status', { status: 'asleep' }),
    400,
    failure('must be equal to one of the allowed values [invalid-params]', 'invalid-params'),
  );
  const { config } = await manager.get('/v1/livechat/config/routing');
  assert.equal(typeof config.autoAssignAgent, 'boolean');
});

await check('omnichannel/contact and contact.search', async () => {
  const contactToken = visitorToken();
  const email = `${unique('dora').replace(' ', '.')}@example.org`;
  const guest = { token: contactToken, name: 'Dora', email };
  const { contact } = await manager.post('/v1/omnichannel/contact', guest);
  assert.equal(typeof contact, 'string');
  const read = await manager.get('/v1/omnichannel/contact', { contactId: contact });
  assert.equal(read.contact._id, contact);
  const found = await manager.get('/v1/omnichannel/contact.search', { email });
  assert.equal(found.contact._id, contact);
  const none = await manager.get('/v1/omnichannel/contact.search', { email: `no.${email}` });
  assert.equal(none.contact, null);
  await refused(
    manager.post('/v1/omnichannel/contact', { name: 'Dora' }),
    400,
    failure("Match error: Missing key 'token'"),
  );
});

await check('the newer contacts', async () => {
  const name = unique('Emil');
  const email = `${name.replace(' ', '.').toLowerCase()}@example.org`;
  const made = { name, emails: [email], phones: ['+4930123456'] };
  const { contactId } = await manager.post('/v1/omnichannel/contacts', made);
  const read = (await manager.get('/v1/omnichannel/contacts.get', { contactId })).contact;
  assert.deepEqual([read._id, read.name], [contactId, name]);
  assert.deepEqual(read.emails, [{ address: email }]);
  const renamed = `${name} the second`;
  const update = { contactId, name: renamed };
  const { contact } = await manager.post('/v1/omnichannel/contacts.update', update);
  assert.equal(contact.name, renamed);
  const page = await manager.get('/v1/omnichannel/contacts.search', { searchText: renamed });
  assert.deepEqual(
    page.contacts.map(({ _id }) => _id),
    [contactId],
  );
  const { exists } = await manager.get('/v1/omnichannel/contacts.checkExistence', { email });
  assert.equal(exists, true);
  const told = await manager.get('/v1/omnichannel/contacts.history', { contactId });
  assert.deepEqual([told.history, told.total], [[], 0]);
  assert.equal((await manager.get('/v1/omnichannel/contacts.channels', { contactId })).success, true);
  const gone = { contactId: 'nobody' };
  await refused(manager.get('/v1/omnichannel/contacts.get', gone), 404, failure('Resource not found'));
  if (version >= 8) {
    const removed = await manager.post('/v1/omnichannel/contacts.delete', { contactId });
    assert.deepEqual(removed, OK);
    await refused(manager.get('/v1/omnichannel/contacts.get', { contactId }), 404);
  }
});

await check('logout ends the token', async () => {
  const { status } = await manager.post('/v1/logout', {});
  assert.equal(status, 'success');
  await refused(manager.get('/v1/me'), 401);
});

finish();

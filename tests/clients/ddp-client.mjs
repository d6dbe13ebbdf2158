// @rocket.chat/ddp-client's LivechatClient, the one of today's widget: every method it has, in the
// order of a visit.
//
//   node ddp-client.mjs http://127.0.0.1:PORT [7|8]
import './browser.mjs';
import assert from 'node:assert/strict';
import { NOBODY, assertAgent, check, finish, soon, unique, visitorToken } from './checks.mjs';
import {
  assertConfig,
  assertHistory,
  assertMessage,
  assertRoom,
  assertVisitor,
} from './shapes.mjs';

const { LivechatClientImpl } = (await import('@rocket.chat/ddp-client')).default;

const api = process.argv[2];
const version = Number(process.argv[3] ?? 8);
const client = LivechatClientImpl.create(api.replace(/^http/, 'ws'));

/** It rejects with fetch's Response itself: its status and exact body. */
async function refused(call, status, body) {
  const response = await call.then(
    () => assert.fail('it resolved'),
    (refusal) => refusal,
  );
  if (!(response instanceof Response)) throw response;
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.deepEqual(typeof body === 'string' ? text : JSON.parse(text), body);
}
const failure = (error, errorType) => ({ success: false, error, ...(errorType && { errorType }) });
const NOT_FOUND = '404 Not Found';

await check('without a token it asks nobody', async () => {
  assert.throws(() => client.nextAgent(), /Invalid token/);
  await assert.rejects(client.room({}), /Invalid token/);
});

client.token = visitorToken();

await check('nextAgent names an agent', async () => {
  const answer = await soon(() => client.nextAgent());
  assert.equal(answer.success, true);
  assertAgent(answer.agent);
});

await check('an empty department counts as none', async () => {
  const answer = await soon(() => client.nextAgent({ department: '' }));
  assertAgent(answer.agent);
});

await check('an unknown department rejects with agent-not-found', () =>
  refused(client.nextAgent({ department: 'no-such-department' }), 400, NOBODY));

let config;
await check('config of a stranger', async () => {
  config = await client.config({ token: client.token });
  assertConfig(config);
  assert.equal(config.online, true);
  assert.equal(config.guest, undefined);
  assert.equal(config.room, undefined);
  assert.ok(config.departments.length > 1, 'a demo has departments');
});

await check('nobody is known by a token before grantVisitor', () =>
  refused(client.visitor(), 400, failure('[invalid-token]', 'invalid-token')));

let visitor;
const phone = `+49${Date.now()}`;
const [from, to] = config.departments;
await check('grantVisitor registers', async () => {
  const { token } = client;
  ({ visitor } = await client.grantVisitor({
    visitor: { token, name: 'Ada', email: ' Ada@Example.ORG', phone, department: from._id },
  }));
  assertVisitor(visitor, token);
  assert.equal(visitor.name, 'Ada');
  assert.match(visitor.username, /^guest-\d+$/);
  assert.deepEqual(visitor.visitorEmails, [{ address: 'ada@example.org' }]);
  assert.deepEqual(visitor.phone, [{ phoneNumber: phone }]);
  assert.equal(visitor.department, from._id);
});

await check('login with the same phone leads back to the first token', async () => {
  const { token } = client;
  await client.login({ visitor: { token: visitorToken(), phone } });
  assert.equal(client.token, token);
});

await check('visitor is who was registered', async () => {
  const again = (await client.visitor()).visitor;
  assertVisitor(again, client.token);
  assert.equal(again._id, visitor._id);
});

await check('config names the guest', async () => {
  const { guest } = await client.config({ token: client.token });
  assert.equal(guest._id, visitor._id);
  assert.equal(guest.token, client.token);
});

await check('connect', async () => {
  await client.connection.connect();
  assert.equal(client.connection.status, 'connected');
});

let room;
await check('room starts a chat and an agent takes it', async () => {
  room = await client.room({});
  assertRoom(room, visitor);
  assert.equal(room.departmentId, from._id);
  room = await soon(async () => {
    const served = await client.room({ rid: room._id });
    assert.ok(served.servedBy, 'nobody serves the room');
    return served;
  });
});

await check('room again is the same room', async () => {
  assert.equal((await client.room({}))._id, room._id);
});

await check('nextAgent knows the open room', async () => {
  assert.deepEqual(await client.nextAgent(), { success: true });
});

await check('agent is the one who serves', async () => {
  const agent = await client.agent(room._id);
  assertAgent(agent);
  assert.equal(agent._id, room.servedBy._id);
});

await check('config names room and agent', async () => {
  const again = await client.config({ token: client.token });
  assert.equal(again.room._id, room._id);
  assert.equal(again.room.open, true);
  assert.equal(again.agent._id, room.servedBy._id);
});

const seen = { messages: [], deleted: [], agents: [], visitors: [], statuses: [], activity: [] };
await check('every stream of the room is ready', async () => {
  await client.subscribeRoom(room._id);
  client.onMessage((message) => seen.messages.push(message));
  client.onUserActivity((who, what) => seen.activity.push([who, what]));
  client.onRoomDeleteMessage(room._id, (message) => seen.deleted.push(message));
  client.onAgentChange(room._id, (agent) => seen.agents.push(agent));
  client.onAgentStatusChange(room._id, (status) => seen.statuses.push(status));
  client.onVisitorChange(room._id, (changed) => seen.visitors.push(changed));
  await soon(() => {
    const subscriptions = [...client.client.subscriptions.values()];
    assert.ok(subscriptions.length >= 7, 'a stream was refused');
    assert.ok(subscriptions.every(({ isReady }) => isReady), 'a stream is not ready');
  });
});

await check('a stream without a token is refused', async () => {
  const before = client.client.subscriptions.size;
  // The client sends no token here (contract §6.3: then it is refused).
  client.onQueuePositionChange(room._id, () => assert.fail('it was told'));
  await soon(() => assert.equal(client.client.subscriptions.size, before));
});

let sent;
const streamed = (wanted) =>
  soon(() => {
    const found = seen.messages.findLast(wanted);
    assert.ok(found, 'it did not come over the stream');
    return found;
  }, 15);
await check('sendMessage comes back over the stream, once and with EJSON dates', async () => {
  const msg = unique('where is my parcel');
  const _id = unique('id').slice(3);
  sent = (await client.sendMessage({ rid: room._id, msg, _id })).message;
  const { _id: uid, username } = visitor;
  assertMessage(sent, { _id, msg, rid: room._id, token: client.token });
  assert.deepEqual([sent.u._id, sent.u.username], [uid, username]);
  const told = await streamed((message) => message._id === _id);
  assert.equal(told.msg, msg);
  assert.equal(told.ts.$date, Date.parse(sent.ts));
});

await check("the agent's answer comes over the stream", async () => {
  const theirs = ({ msg, u, t }) => u._id === room.servedBy._id && !t && /parcel/.test(msg);
  const answer = await streamed(theirs);
  assert.equal(answer.rid, room._id);
  assert.equal(answer.u.username, room.servedBy.username);
  assert.equal(seen.messages.filter(({ _id }) => _id === answer._id).length, 1);
  assert.equal(seen.messages.filter(({ _id }) => _id === sent._id).length, 1);
});

await check('loadMessages has both, newest first', async () => {
  const messages = await client.loadMessages(room._id);
  assertHistory(messages);
  messages.forEach((message) => assertMessage(message, { rid: room._id }));
  const said = (who) => messages.filter(({ u, t }) => u._id === who && !t).map(({ msg }) => msg);
  assert.deepEqual(said(visitor._id), [sent.msg]);
  assert.ok(said(room.servedBy._id).some((msg) => /parcel/.test(msg)));
  const [first] = await client.loadMessages(room._id, { limit: 1, offset: 1 });
  assert.equal(first._id, messages[1]._id);
});

await check('message by id', async () => {
  const { message } = await client.message(sent._id, { rid: room._id });
  assertMessage(message, { _id: sent._id, msg: sent.msg });
});

await check('editMessage says who and when, to the stream too', async () => {
  const msg = `${sent.msg}, please`;
  const { token } = client;
  const { message } = await client.editMessage(sent._id, { token, rid: room._id, msg });
  assertMessage(message, { _id: sent._id, msg });
  assert.equal(message.editedBy.username, visitor.username);
  const told = await streamed(({ _id, editedAt }) => _id === sent._id && editedAt);
  assert.equal(told.msg, msg);
  assert.equal(told.editedAt.$date, Date.parse(message.editedAt));
});

await check('deleteMessage sends no body and is refused', () =>
  refused(
    client.deleteMessage(sent._id, { rid: room._id }),
    400,
    failure("must have required property 'token' [invalid-params]", 'invalid-params'),
  ));

await check('a deletion with its body reaches the stream', async () => {
  const answer = await client.rest.send(`/v1/livechat/message/${sent._id}`, 'DELETE', {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: client.token, rid: room._id }),
  });
  const { message, success } = await answer.json();
  assert.equal(success, true);
  assert.equal(message._id, sent._id);
  // Two subscriptions to one event are told twice.
  await soon(() => {
    assert.ok(seen.deleted.length > 0, 'it did not come over the stream');
    assert.ok(seen.deleted.every(({ _id }) => _id === sent._id));
  });
});

await check('notifyVisitorActivity and notifyCallDeclined', async () => {
  await client.notifyVisitorActivity(room._id, visitor.username, ['user-typing']);
  await client.notifyVisitorActivity(room._id, visitor.username, []);
  await client.notifyCallDeclined(room._id);
});

await check('sendCustomField and sendCustomFields', async () => {
  const [field] = config.customFields;
  const { token } = client;
  const one = { token, key: field._id, value: field.options?.[0] ?? '42', overwrite: true };
  assert.deepEqual((await client.sendCustomField(one)).field, {
    key: one.key,
    value: one.value,
    overwrite: true,
  });
  const { fields } = await client.sendCustomFields({
    token,
    customFields: config.customFields.map(({ _id: key, options }) => ({
      key,
      value: options?.[0] ?? '42',
      overwrite: true,
    })),
  });
  // The capital is real (contract §4.7.2).
  assert.ok(fields.some(({ Key, value }) => Key === one.key && value === one.value));
  const unknown = { ...one, key: 'no-such-field' };
  await refused(client.sendCustomField(unknown), 400, failure('invalid-custom-field'));
});

await check('sendVisitorNavigation', async () => {
  const location = { href: 'https://shop.example/returns' };
  const pageInfo = { change: 'url', title: 'Returns', location };
  const { token } = client;
  const { page } = await client.sendVisitorNavigation({ token, rid: room._id, pageInfo });
  assert.equal(page.msg, `Returns - ${location.href}`);
  assert.deepEqual(page.navigation, { page: pageInfo, token });
});

await check('updateVisitorStatus', async () => {
  assert.equal(await client.updateVisitorStatus('away'), 'away');
  assert.equal(await client.updateVisitorStatus('online'), 'online');
});

await check('uploadFile is a message whose file only its visitor may read', async () => {
  const text = unique('the receipt');
  await client.uploadFile(room._id, new File([text], 'receipt.txt', { type: 'text/plain' }));
  const message = await soon(async () => {
    const found = (await client.loadMessages(room._id)).find(({ file }) => file);
    assert.ok(found, 'no message with a file');
    return found;
  });
  const { _id, ...file } = message.file;
  assert.deepEqual(file, { name: 'receipt.txt', type: 'text/plain' });
  assert.deepEqual(message.files[0], message.file);
  const read = (token) => {
    const query = new URLSearchParams({ rc_token: token, rc_room_type: 'l', rc_rid: room._id });
    return fetch(`${api}/file-upload/${_id}/receipt.txt?${query}`);
  };
  const own = await read(client.token);
  assert.equal(own.status, 200);
  assert.equal(await own.text(), text);
  assert.equal((await read(visitorToken())).status, 403);
});

await check('chatSurvey', async () => {
  const data = [
    { name: 'satisfaction', value: '5' },
    { name: 'additionalFeedback', value: 'quick' },
  ];
  assert.deepEqual(await client.chatSurvey({ rid: room._id, data }), {
    rid: room._id,
    data: { satisfaction: '5', additionalFeedback: 'quick' },
    success: true,
  });
});

await check('transferChat', async () => {
  const transfer = client.transferChat({ rid: room._id, department: to._id });
  if (version < 8) return refused(transfer, 404, NOT_FOUND);
  assert.deepEqual(await transfer, { success: true });
  const { departmentId } = await client.room({ rid: room._id });
  assert.equal(departmentId, to._id);
});

await check('requestTranscript', async () => {
  assert.deepEqual(await client.requestTranscript('ada@example.org', { rid: room._id }), {
    message: 'Livechat transcript sent',
    success: true,
  });
});

await check("another visitor's token opens nothing here", async () => {
  const stranger = LivechatClientImpl.create(api.replace(/^http/, 'ws'));
  await stranger.grantVisitor({ visitor: { token: visitorToken() } });
  const rid = room._id;
  await refused(stranger.sendMessage({ rid, msg: 'mine?' }), 400, failure('invalid-room'));
  await refused(stranger.loadMessages(rid), 400, failure('invalid-room'));
  await refused(stranger.closeChat({ rid }), 400, failure('invalid-room'));
  await refused(stranger.agent(rid), 400, failure('invalid-room'));
  await stranger.connection.connect();
  await stranger.subscribeRoom(rid);
  await soon(() => assert.equal(stranger.client.subscriptions.size, 0, 'it listens'));
  stranger.connection.close();
  await stranger.deleteVisitor();
});

await check('closeChat is told over the stream', async () => {
  const answer = await client.closeChat({ rid: room._id });
  assert.deepEqual(answer, { rid: room._id, comment: 'Closed by visitor', success: true });
  const told = await streamed(({ t }) => t === 'livechat-close');
  assert.equal(told.msg, 'Closed by visitor');
  assert.equal(told.rid, room._id);
});

await check('a closed room takes nothing and is still read', async () => {
  const rid = room._id;
  await refused(client.closeChat({ rid }), 400, failure('room-closed'));
  await refused(client.sendMessage({ rid, msg: 'wait' }), 400, failure('room-closed'));
  await refused(client.room({ rid }), 400, failure('invalid-room'));
  assertHistory(await client.loadMessages(rid));
});

await check('sendOfflineMessage', async () => {
  const answer = await client.sendOfflineMessage({
    name: 'Ada',
    email: 'ada@example.org',
    message: unique('call me'),
    department: to._id,
  });
  assert.deepEqual(answer, { message: 'Livechat offline message sent', success: true });
});

await check('sendUiInteraction is for apps, and there are none', () =>
  refused(client.sendUiInteraction({ type: 'blockAction' }, 'app'), 404, NOT_FOUND));

await check('unsubscribeAll', async () => {
  await client.unsubscribeAll();
  assert.equal(client.client.subscriptions.size, 0);
});

await check('deleteVisitor forgets him', async () => {
  const { visitor: removed } = await client.deleteVisitor();
  assert.equal(removed._id, visitor._id);
  await refused(client.visitor(), 400, failure('[invalid-token]', 'invalid-token'));
  await refused(client.loadMessages(room._id), 400, failure('invalid-token'));
});

client.connection.close();
finish();

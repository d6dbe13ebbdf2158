// @rocket.chat/sdk 1.0.0-alpha.42's Livechat, the client of older widgets, against the version it
// speaks: every method of a visitor, in the order of a visit.
//
//   node sdk.mjs http://127.0.0.1:PORT
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

const { Livechat } = (await import('@rocket.chat/sdk')).default;

const api = process.argv[2];
// The whole driver as the widget makes it.
const client = new Livechat({ host: api, protocol: 'ddp' });
const token = visitorToken();
client.credentials = { token };

/** It throws {status, data} for every refusal. */
const refused = (call, status, data) =>
  assert.rejects(call, (refusal) => {
    assert.deepEqual([refusal.status, refusal.data], [status, data]);
    return true;
  });
const failure = (error, errorType) => ({ success: false, error, ...(errorType && { errorType }) });

/** A refused subscription is never told to its caller: then this is what ends the wait. */
const within = (promise, seconds = 5) =>
  Promise.race([
    promise,
    new Promise((_, reject) => {
      setTimeout(() => reject(new Error(`nothing for ${seconds} s`)), seconds * 1000).unref();
    }),
  ]);

await check('nextAgent names an agent', async () => {
  assertAgent(await soon(() => client.nextAgent()));
});

await check('an empty department counts as none', async () => {
  assertAgent(await soon(() => client.nextAgent('')));
});

await check('an unknown department rejects with agent-not-found', () =>
  refused(client.nextAgent('no-such-department'), 400, NOBODY));

let config;
await check('config of a stranger', async () => {
  config = await client.config({ token });
  assertConfig(config);
  assert.equal(config.guest, undefined);
});

let visitor;
const [from, to] = config.departments;
await check('login registers', async () => {
  const guest = { token, name: 'Bob', email: 'bob@example.org', department: from._id };
  visitor = await client.login({ visitor: guest });
  assertVisitor(visitor, token);
  assert.deepEqual(client.credentials, { token });
});

await check('visitor is who was registered', async () => {
  const { visitor: again } = await client.visitor();
  assert.equal(again._id, visitor._id);
});

await check('connect, with livechat:setUpConnection', async () => {
  await within(client.connect({}));
});

let room;
await check('room starts a chat and an agent takes it', async () => {
  room = await client.room({});
  assertRoom(room, visitor);
  room = await soon(async () => {
    const served = await client.room({ rid: room._id });
    assert.ok(served.servedBy, 'nobody serves the room');
    return served;
  });
});

await check('agent is the one who serves', async () => {
  const agent = await client.agent({ rid: room._id });
  assertAgent(agent);
  assert.equal(agent._id, room.servedBy._id);
  // With an open room the answer has no agent.
  assert.equal(await client.nextAgent(), undefined);
});

const messages = [];
const deleted = [];
await check('every stream of the room is ready', async () => {
  await client.onMessage((message) => messages.push(message));
  await client.onTyping(() => {});
  await client.onStreamData('stream-notify-room', ({ fields: { eventName, args } }) => {
    if (eventName === `${room._id}/deleteMessage`) deleted.push(args[0]._id);
  });
  await within(client.subscribeRoom(room._id));
  await within(client.onAgentChange(room._id, () => {}));
  await within(client.onAgentStatusChange(room._id, () => {}));
  await within(client.onQueuePositionChange(room._id, () => {}));
  await within(client.onVisitorChange(room._id, () => {}));
});

let sent;
const streamed = (wanted) =>
  soon(() => {
    const found = messages.findLast(wanted);
    assert.ok(found, 'it did not come over the stream');
    return found;
  }, 15);
await check('sendMessage comes back over the stream, once', async () => {
  const msg = unique('the oven is cold');
  sent = (await client.sendMessage({ rid: room._id, msg })).message;
  assertMessage(sent, { msg, rid: room._id, token });
  const told = await streamed(({ _id }) => _id === sent._id);
  assert.equal(told.ts.toISOString(), sent.ts);
});

await check("the agent's answer comes over the stream", async () => {
  const theirs = ({ msg, u, t }) => u._id === room.servedBy._id && !t && /oven/.test(msg);
  assert.equal((await streamed(theirs)).u.username, room.servedBy.username);
  assert.equal(messages.filter(({ _id }) => _id === sent._id).length, 1);
});

await check('loadMessages has both, newest first', async () => {
  const history = await client.loadMessages(room._id, { limit: 50 });
  assertHistory(history);
  assert.ok(history.some(({ _id }) => _id === sent._id));
  assert.ok(history.some(({ u, t }) => u._id === room.servedBy._id && !t));
});

await check('message, editMessage and deleteMessage', async () => {
  const { _id } = sent;
  const rid = room._id;
  assertMessage(await client.message(_id, { rid }), { _id, msg: sent.msg });
  const msg = `${sent.msg}!`;
  const { message } = await client.editMessage(_id, { token, rid, msg });
  assertMessage(message, { _id, msg });
  assert.equal(message.editedBy._id, visitor._id);
  // This client sends a body with DELETE.
  const removed = await client.deleteMessage(_id, { rid });
  assert.equal(removed.message._id, _id);
  await soon(() => assert.deepEqual(deleted, [_id]));
  await refused(client.message(_id, { rid }), 400, failure('invalid-message'));
});

await check('notifyVisitorTyping and notifyCallDeclined', async () => {
  await within(client.notifyVisitorTyping(room._id, visitor.username, true));
  await within(client.notifyVisitorTyping(room._id, visitor.username, false));
  await within(client.notifyCallDeclined(room._id));
});

await check('sendCustomField and sendCustomFields', async () => {
  const [{ _id: key, options }] = config.customFields;
  const field = { key, value: options?.[0] ?? '42', overwrite: true };
  assert.deepEqual((await client.sendCustomField({ token, ...field })).field, field);
  const customFields = [field];
  const { fields } = await client.sendCustomFields({ token, customFields });
  assert.deepEqual(fields, [{ Key: key, value: field.value, overwrite: true }]);
});

await check('sendVisitorNavigation', async () => {
  const pageInfo = {
    change: 'url',
    title: 'Ovens',
    location: { href: 'https://shop.example/ovens' },
  };
  const { page } = await client.sendVisitorNavigation({ token, rid: room._id, pageInfo });
  assert.equal(page.msg, 'Ovens - https://shop.example/ovens');
});

await check('updateVisitorStatus and updateCallStatus', async () => {
  assert.equal(await client.updateVisitorStatus('away'), 'away');
  assert.equal(await client.updateVisitorStatus('online'), 'online');
  assert.equal(await client.updateCallStatus('declined', room._id, 'call-1'), 'declined');
});

await check('uploadFile answers with the message', async () => {
  const file = new File([unique('a photo')], 'oven.txt', { type: 'text/plain' });
  const answer = await client.uploadFile({ rid: room._id, file });
  assertMessage(answer, { rid: room._id });
  assert.equal(answer.file.name, 'oven.txt');
  assert.deepEqual(answer.files, [answer.file]);
  assert.equal(answer.newRoom, false);
  await streamed(({ _id }) => _id === answer._id);
});

await check('chatSurvey', async () => {
  const data = [{ name: 'agentKnowledge', value: '3' }];
  const answer = await client.chatSurvey({ rid: room._id, data });
  assert.deepEqual(answer.data, { agentKnowledge: '3' });
});

await check('transferChat answers with the room', async () => {
  const answer = await client.transferChat({ rid: room._id, department: to._id });
  assert.equal(answer.room._id, room._id);
  assert.equal(answer.room.departmentId, to._id);
});

await check('requestTranscript', async () => {
  const answer = await client.requestTranscript('bob@example.org', { rid: room._id });
  assert.equal(answer.message, 'Livechat transcript sent');
});

await check('videoCall has no provider, and shareScreen is gone: its 404 is no JSON', async () => {
  const nothing = failure('invalid-livechat-config');
  await refused(client.videoCall({ rid: room._id }), 400, nothing);
  await assert.rejects(client.shareScreen({ rid: room._id, messageType: 'x' }), SyntaxError);
});

await check('closeChat is told over the stream', async () => {
  const { comment } = await client.closeChat({ rid: room._id });
  assert.equal((await streamed(({ t }) => t === 'livechat-close')).msg, comment);
  await refused(client.closeChat({ rid: room._id }), 400, failure('room-closed'));
  await refused(client.room({ rid: room._id }), 400, failure('invalid-room'));
});

await check('sendOfflineMessage', async () => {
  const guest = { name: 'Bob', email: 'bob@example.org', message: unique('call me') };
  assert.equal(await client.sendOfflineMessage(guest), 'Livechat offline message sent');
});

await check('deleteVisitor forgets him', async () => {
  assert.equal((await client.deleteVisitor())._id, visitor._id);
  await refused(client.visitor(), 400, failure('[invalid-token]', 'invalid-token'));
});

await check('disconnect', async () => {
  await within(client.disconnect());
});

finish();

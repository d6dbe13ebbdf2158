// @rocket.chat/ddp-client's LivechatClient, the one of today's widget, calls nextAgent.
//
//   node ddp-client.mjs http://127.0.0.1:PORT
import assert from 'node:assert/strict';
import { NOBODY, assertAgent, check, finish, soon } from './checks.mjs';

// nextAgent is REST. The client names WebSocket when it is made and opens one only in `connect`,
// which is not called: node before 22 has none, so a stand-in that refuses is enough.
globalThis.WebSocket ??= class {
  constructor() {
    throw new Error('these checks open no socket');
  }
};
const { LivechatClientImpl } = (await import('@rocket.chat/ddp-client')).default;

const api = process.argv[2];
const client = LivechatClientImpl.create(api.replace(/^http/, 'ws'));

await check('without a token it asks nobody', () => {
  assert.throws(() => client.nextAgent(), /Invalid token/);
});

client.token = 'ddp-client-visitor';

await check('nextAgent names an agent', async () => {
  const answer = await soon(() => client.nextAgent());
  assert.equal(answer.success, true);
  assertAgent(answer.agent);
});

await check('an empty department counts as none', async () => {
  const answer = await soon(() => client.nextAgent({ department: '' }));
  assertAgent(answer.agent);
});

await check('an unknown department rejects with agent-not-found', async () => {
  // It rejects with fetch's Response itself.
  const response = await client.nextAgent({ department: 'no-such-department' }).then(
    () => assert.fail('it resolved'),
    (refusal) => refusal,
  );
  assert.equal(response.status, 400);
  assert.deepEqual(await response.json(), NOBODY);
});

finish();

// @rocket.chat/sdk 1.0.0-alpha.42, the client of older widgets, calls nextAgent.
//
//   node sdk.mjs http://127.0.0.1:PORT
import assert from 'node:assert/strict';
import { NOBODY, assertAgent, check, finish, soon } from './checks.mjs';

// The whole Livechat driver as the widget makes it. Its socket is opened only by `connect`, which
// is not called: nextAgent is REST, over the fetch of node.
const { Livechat } = (await import('@rocket.chat/sdk')).default;

const client = new Livechat({ host: process.argv[2], protocol: 'ddp' });
client.credentials = { token: 'sdk-visitor' };

await check('nextAgent names an agent', async () => {
  assertAgent(await soon(() => client.nextAgent()));
});

await check('an empty department counts as none', async () => {
  assertAgent(await soon(() => client.nextAgent('')));
});

await check('an unknown department rejects with agent-not-found', async () => {
  await assert.rejects(client.nextAgent('no-such-department'), (refusal) => {
    assert.equal(refusal.status, 400);
    assert.deepEqual(refusal.data, NOBODY);
    return true;
  });
});

finish();

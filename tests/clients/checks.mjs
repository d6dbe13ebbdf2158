// Checks told as `ok …` and `FAIL …` lines, and what a client must get from nextAgent.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

let failures = 0;

/** What went wrong, in words: clients reject with all kinds of things. */
async function told(error) {
  if (error instanceof Error) return error.message;
  if (!(error instanceof Response)) return JSON.stringify(error);
  return `${error.status} ${error.bodyUsed ? '' : await error.text()}`;
}

/** Runs one check and prints its line. */
export async function check(name, run) {
  try {
    await run();
    console.log(`ok ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL ${name}: ${(await told(error)).replaceAll('\n', ' ')}`);
  }
}

/** The clients keep timers and sockets; the verdict does not wait for them. */
export function finish() {
  process.exit(failures === 0 ? 0 : 1);
}

/** Asks until it is so (somebody is free, a message has come), for five seconds unless told. */
export async function soon(ask, seconds = 5) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** A text that no other run has sent. */
export const unique = (text) => `${text} ${randomBytes(6).toString('hex')}`;

/** A visitor's token as the widget makes it: 32 random bytes in hex. */
export const visitorToken = () => randomBytes(32).toString('hex');

/** What the widget reads of an agent (contract §6.1), and the status beside it. */
export function assertAgent(agent) {
  assert.ok(agent, 'no agent in the answer');
  for (const key of ['_id', 'username', 'name']) {
    assert.equal(typeof agent[key], 'string', `agent.${key} is ${agent[key]}`);
    assert.notEqual(agent[key], '', `agent.${key} is empty`);
  }
  assert.ok(
    ['online', 'away', 'busy', 'offline'].includes(agent.status),
    `agent.status is ${agent.status}`,
  );
}

/** The body of a refusal when nobody can be named. */
export const NOBODY = { success: false, error: 'agent-not-found' };

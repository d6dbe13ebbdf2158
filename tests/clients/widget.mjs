// The published widget, hosted by lp2rc and embedded in a shop's page with the usual snippet: a visitor
// in headless Chromium registers, talks with a simulated agent, reloads, ends the chat and asks for
// the transcript. What is on the screen is asserted, and what the API says of it.
//
//   node widget.mjs http://127.0.0.1:PORT [FOLDER]
//
// Screenshots go to FOLDER. CHROMIUM names another browser than the system's.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { check, finish, soon, unique } from './checks.mjs';
import { assertHistory } from './shapes.mjs';

const [api, folder] = [process.argv[2], process.argv[3]];
const rest = async (path) => (await fetch(`${api}/api/v1/livechat/${path}`)).json();

// The shop is another origin of the same site, as chat.shop.example is beside shop.example: a browser
// that keeps third parties from storing anything does not let this widget start at all.
const SNIPPET = `
<script type="text/javascript">
(function(w, d, s, u) {
  w.RocketChat = function(c) { w.RocketChat._.push(c) }; w.RocketChat._ = []; w.RocketChat.url = u;
  var h = d.getElementsByTagName(s)[0], j = d.createElement(s);
  j.async = true; j.src = '${api}/livechat/rocketchat-livechat.min.js?_=201903270000';
  h.parentNode.insertBefore(j, h);
})(window, document, 'script', '${api}/livechat');
</script>`;
const shop = http.createServer((request, answer) => {
  answer.setHeader('content-type', 'text/html; charset=utf-8');
  answer.end(`<!doctype html><title>Shop</title><h1>Parcels and ovens</h1>${SNIPPET}`);
});
await new Promise((listening) => shop.listen(0, '127.0.0.1', listening));

const profile = mkdtempSync(join(tmpdir(), 'lp2rc-widget-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  chromiumSandbox: false,
  viewport: { width: 800, height: 640 },
  locale: 'en-US',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
context.setDefaultTimeout(10_000);
const page = await context.newPage();
const broken = [];
page.on('pageerror', (error) => broken.push(String(error)));
const sent = [];
page.on('request', (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`));

let shots = 0;
async function shot(name) {
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  shots += 1;
  await page.screenshot({ path: join(folder, `${shots}-${name}.png`), animations: 'disabled' });
}

const widget = page.frameLocator('#rocketchat-iframe');
const part = (name) => widget.locator(`[class*="${name}__"]`);
const button = (name) => widget.getByRole('button', { name });
const messages = widget.locator('[class*="message-text__"]:not([class*="system"])');
const composer = widget.locator('[contenteditable=true]');

/** Everything the widget keeps for the next visit: above all its token. */
const kept = () =>
  page
    .frames()
    .find((frame) => frame.url().startsWith(`${api}/livechat`))
    .evaluate(() => JSON.parse(localStorage.getItem('store')));

async function says(text) {
  await composer.click();
  await composer.pressSequentially(text);
  await composer.press('Enter');
}

/** What stands on the screen, until it is as wanted. */
const read = (wanted) =>
  soon(async () => {
    const texts = (await messages.allInnerTexts()).map((text) => text.trim());
    assert.ok(wanted(texts), JSON.stringify(texts));
    return texts;
  }, 15);

await check('the snippet brings the button', async () => {
  await page.goto(`http://127.0.0.1:${shop.address().port}/`);
  await part('screen__chat-button').waitFor();
  await shot('page');
});

let token;
await check('a click opens the registration form', async () => {
  await part('screen__chat-button').click();
  await widget.getByText('Please, tell us some information to start the chat').waitFor();
  ({ token } = await kept());
  const { config } = await rest(`config?token=${token}`);
  const shown = config.departments.filter((one) => one.showOnRegistration).map((one) => one.name);
  const options = await widget.locator('select[name=department] option').allInnerTexts();
  assert.deepEqual(options.slice(1).sort(), shown.sort());
  await part('header__title').getByText(config.theme.title).waitFor();
  await shot('form');
});

await check('the form registers the visitor', async () => {
  await widget.locator('input[name=name]').fill('Grace');
  await widget.locator('input[name=email]').fill('grace@example.org');
  await button('Start chat').click();
  await composer.waitFor();
  const { visitor } = await rest(`visitor/${token}`);
  assert.equal(visitor.name, 'Grace');
  assert.deepEqual(visitor.visitorEmails, [{ address: 'grace@example.org' }]);
});

const first = unique('my oven is cold');
const second = unique('since yesterday');
let room;
await check('the first message starts a chat and an agent answers', async () => {
  await says(first);
  await read((texts) => texts.includes(first) && texts.some((text) => text !== first && /oven/.test(text)));
  const { config } = await rest(`config?token=${token}`);
  ({ room } = config);
  assert.equal(room.open, true);
  await part('header__title').getByText(config.agent.name).waitFor();
  await shot('dialogue');
});

let seen;
await check('a second one goes both ways, in order and once', async () => {
  await says(second);
  seen = await read(
    (texts) => texts.includes(second) && texts.some((text) => text !== second && /yesterday/.test(text)),
  );
  assert.equal(seen.filter((text) => text === second).length, 1);
  assert.ok(seen.indexOf(first) < seen.indexOf(second));
  const { messages: stored } = await rest(`messages.history/${room._id}?token=${token}&limit=50`);
  assertHistory(stored);
  const written = stored.filter(({ t }) => !t).map(({ msg }) => msg.trim());
  assert.deepEqual(seen, written.reverse());
  await shot('dialogue');
});

await check('after a reload the history is back', async () => {
  await page.reload();
  await part('screen__chat-button').click();
  // The greeting has the agent's name in it, with characters that this widget shows differently then.
  const spoken = (texts) => JSON.stringify(texts.filter((text) => !text.startsWith('Hello')));
  await read((texts) => texts.length === seen.length && spoken(texts) === spoken(seen));
  assert.equal((await kept()).token, token);
  const { config } = await rest(`config?token=${token}`);
  assert.equal(config.room._id, room._id);
  await shot('reload');
});

const third = unique('still there?');
await check('the chat goes on where it was', async () => {
  await says(third);
  await read((texts) => texts.includes(third) && texts.some((text) => text !== third && /still/.test(text)));
});

await check('Finish this chat asks and closes', async () => {
  await button('Options').click();
  await widget.getByText('Finish this chat').click();
  await widget.getByText('Are you sure you want to finish this chat?').waitFor();
  await shot('finish');
  await button('Yes').click();
  await soon(async () => {
    const { config } = await rest(`config?token=${token}`);
    assert.equal(config.room, undefined, 'the room is open');
  });
});

await check('it offers the transcript and asks for it', async () => {
  const prompt = widget.getByText('Would you like a copy of this chat emailed?');
  await prompt.waitFor();
  await shot('transcript');
  await button('Yes').click();
  await soon(() => assert.ok(sent.includes('POST /api/v1/livechat/transcript'), 'not asked for'));
});

await check('the chat is over, for both sides', async () => {
  await widget.getByText('Thanks for talking with us').waitFor();
  await button('New chat').waitFor();
  await shot('over');
  const { messages: stored } = await rest(`messages.history/${room._id}?token=${token}&limit=50`);
  assert.equal(stored.filter(({ t }) => t === 'livechat-close').length, 1);
});

await check('nothing broke in the page', () => assert.deepEqual(broken, []));

await context.close();
shop.close();
rmSync(profile, { recursive: true, force: true });
finish();

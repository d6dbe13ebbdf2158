// A proxy that keeps every exchange: what a client sent and what lp2rc answered, as JSON lines.
//
//   node record.mjs http://127.0.0.1:PORT FILE
//
// Prints `ready http://127.0.0.1:OTHER` and stays until it is stopped. Hides nothing and changes
// nothing but the connection: the Host header stays the client's, so links of an answer come back
// through here. FILE holds lines of two kinds, in the order in which they were over:
//
//   {"method","target","sent":{"headers","body"},"status","got":{"headers","body"}}
//   {"socket","from":"client"|"server","frame"}
//
// A body is JSON where it says it is, else text, else {"bytes": how many}.
import { appendFileSync } from 'node:fs';
import http from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';

const [upstream, file] = [new URL(process.argv[2]), process.argv[3]];
const keep = (line) => appendFileSync(file, `${JSON.stringify(line)}\n`);

function readable(headers, bytes) {
  if (bytes.length === 0) return undefined;
  const type = headers['content-type'] ?? '';
  if (!/json|text|urlencoded/.test(type)) return { bytes: bytes.length };
  const text = bytes.toString('utf8');
  try {
    return type.includes('json') ? JSON.parse(text) : text;
  } catch {
    return text;
  }
}

async function whole(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

const server = http.createServer(async (incoming, outgoing) => {
  try {
    const sent = await whole(incoming);
    const { method, url: target, headers } = incoming;
    const request = http.request({
      host: upstream.hostname,
      port: upstream.port,
      method,
      path: target,
      headers,
      agent: false,
    });
    request.on('error', (error) => outgoing.destroy(error));
    request.on('response', async (answer) => {
      const got = await whole(answer);
      keep({
        method,
        target,
        sent: { headers, body: readable(headers, sent) },
        status: answer.statusCode,
        got: { headers: answer.headers, body: readable(answer.headers, got) },
      });
      outgoing.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
      outgoing.end(got);
    });
    request.end(sent);
  } catch (error) {
    outgoing.destroy(error);
  }
});

// Frames are relayed one by one; pings below DDP are each side's own affair.
let sockets = 0;
const relay = new WebSocketServer({ server, perMessageDeflate: false });
relay.on('connection', (client, request) => {
  const socket = (sockets += 1);
  const { origin, cookie } = request.headers;
  const bridge = new WebSocket(`ws://${upstream.host}${request.url}`, {
    origin,
    headers: { ...(cookie && { cookie }), host: request.headers.host },
    perMessageDeflate: false,
  });
  const early = [];
  const pass = (from, to, text) => {
    let frame = text;
    try {
      frame = JSON.parse(text);
    } catch {
      // Not JSON: kept as it is.
    }
    keep({ socket, from, frame });
    if (to.readyState === WebSocket.OPEN) to.send(text);
    else if (to.readyState === WebSocket.CONNECTING) early.push(text);
  };
  client.on('message', (data) => pass('client', bridge, data.toString()));
  bridge.on('message', (data) => pass('server', client, data.toString()));
  bridge.on('open', () => early.splice(0).forEach((text) => bridge.send(text)));
  // 1005 and 1006 are what a side calls a close without a code; they cannot be sent.
  const close = (other) => (code, reason) =>
    other.close(code === 1005 || code === 1006 ? undefined : code, reason);
  client.on('close', close(bridge));
  bridge.on('close', close(client));
  bridge.on('unexpected-response', (_, answer) => {
    keep({ socket, from: 'server', frame: { refused: answer.statusCode } });
    client.terminate();
  });
  for (const side of [client, bridge]) side.on('error', () => client.terminate());
});

server.listen(0, '127.0.0.1', () => {
  console.log(`ready http://127.0.0.1:${server.address().port}`);
});

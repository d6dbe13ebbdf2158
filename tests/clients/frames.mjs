// The frames of /websocket (contract §6.3): each is one of DDP's, everything asked is answered, and
// every event is of its stream's type.

// What a server says, with the keys that must and may be there.
const SERVER = {
  connected: ['session'],
  failed: ['version'],
  ping: ['id?'],
  pong: ['id?'],
  ready: ['subs'],
  nosub: ['id', 'error?'],
  result: ['id', 'result?', 'error?'],
  updated: ['methods'],
  added: ['collection', 'id', 'fields?'],
  changed: ['collection', 'id', 'fields?', 'cleared?'],
  removed: ['collection', 'id'],
};

function shape(frame, tell) {
  // What Meteor says first, for clients older than DDP itself.
  if (frame?.server_id !== undefined && Object.keys(frame).length === 1) return;
  const keys = SERVER[frame?.msg];
  if (!keys) return tell('msg', 'unknown', JSON.stringify(frame?.msg));
  for (const key of keys.filter((one) => !one.endsWith('?'))) {
    if (frame[key] === undefined) tell(key, 'missing', `in ${frame.msg}`);
  }
  for (const key of Object.keys(frame)) {
    if (key !== 'msg' && !keys.includes(key) && !keys.includes(`${key}?`)) {
      tell(key, 'unknown', `in ${frame.msg}`);
    }
  }
}

/** Tells of each difference. */
export function frames(lines, streams, differ) {
  const open = new Map();
  for (const { socket, from, frame } of lines) {
    if (from === 'client') {
      if (frame.msg === 'connect') open.set(`${socket} connect`, 'connect');
      if (frame.msg === 'method') open.set(`${socket} method ${frame.id}`, frame.method);
      if (frame.msg === 'sub') open.set(`${socket} sub ${frame.id}`, frame.name);
      if (frame.msg === 'unsub') open.set(`${socket} unsub ${frame.id}`, 'unsub');
      continue;
    }
    const stream = frame?.collection?.replace(/^stream-/, '');
    const tell = (at, what, why) => differ(at, what, why, stream ?? frame?.msg ?? 'frame');
    shape(frame, tell);
    if (frame.msg === 'connected') open.delete(`${socket} connect`);
    if (frame.msg === 'result') open.delete(`${socket} method ${frame.id}`);
    if (frame.msg === 'ready') frame.subs.forEach((id) => open.delete(`${socket} sub ${id}`));
    if (frame.msg === 'nosub') {
      open.delete(`${socket} sub ${frame.id}`);
      open.delete(`${socket} unsub ${frame.id}`);
    }
    if (frame.msg === 'changed' && frame.fields) {
      const { eventName, args } = frame.fields;
      const found = streams.event(stream, eventName, args);
      const name = eventName.replace(/^[^/]+/, 'rid');
      if (!found) tell(name, 'unknown', 'no such event');
      found?.forEach(({ at, what, why }) => tell(`${name} ${at}`, what, why));
    }
  }
  for (const name of open.values()) differ('.', 'unanswered', 'asked and never answered', name);
}

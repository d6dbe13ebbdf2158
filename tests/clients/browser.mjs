// What Rocket.Chat's clients expect of a browser and node 18 to 20 do not have. Imported first.
import { File as BufferFile } from 'node:buffer';
import { WebSocket } from 'ws';

globalThis.WebSocket = WebSocket;
globalThis.File ??= BufferFile;

/** Just enough of XMLHttpRequest for an upload: the events end where `fetch` does. */
globalThis.XMLHttpRequest ??= class extends EventTarget {
  upload = new EventTarget();
  #headers = {};
  #method;
  #url;

  open(method, url) {
    [this.#method, this.#url] = [method, url];
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  async send(body) {
    try {
      const answer = await fetch(this.#url, { method: this.#method, headers: this.#headers, body });
      [this.status, this.responseText] = [answer.status, await answer.text()];
      this.upload.dispatchEvent(new Event('load'));
      this.dispatchEvent(new Event('load'));
    } catch {
      this.dispatchEvent(new Event('error'));
    }
  }
};

// The three control APIs of the local workspace, all on the page's own origin: /ui/ speaks for the
// people in Slack, /fleet/ for AWS, /clock for the time both live in.

// Refusal is an answer that says no, with everything else the answer carried.
export class Refusal extends Error {
  constructor(answer) {
    super(answer.error ?? 'refused');
    this.answer = answer;
  }
}

async function call(method, path, body) {
  const init = { method, headers: {} };
  if (body !== undefined) {
    init.headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  const response = await fetch(path, init);
  const text = await response.text();
  let answer;
  try {
    answer = text ? JSON.parse(text) : {};
  } catch {
    answer = { ok: false, error: text.trim() || response.statusText };
  }
  if (!response.ok || answer.ok === false) {
    throw new Refusal({ ...answer, error: answer.error ?? `${response.status} ${response.statusText}` });
  }
  return answer;
}

export const get = (path) => call('GET', path);
export const post = (path, body) => call('POST', path, body ?? {});
export const remove = (path, body) => call('DELETE', path, body);

// listen opens a stream of server-sent events. The browser reconnects by itself; onopen runs each
// time, so that the caller can read the whole state again.
export function listen(path, { onopen, onevent, onerror }) {
  const source = new EventSource(path);
  const read = (event) => {
    try {
      onevent(JSON.parse(event.data), event.type);
    } catch (error) {
      console.error('unreadable event', error, event.data);
    }
  };
  source.onopen = () => onopen?.();
  source.onerror = () => onerror?.();
  source.onmessage = read;
  source.addEventListener('state', read);
  return source;
}

// The workspace's clock: what time it is there, and the buttons that push it.

import { get, post } from './api.js';
import { fill, h, icon, toast } from './dom.js';
import { changed, clock } from './store.js';

const pushes = ['1m', '10m', '1h'];
const rates = [1, 10, 60];
let face = null;
let rateButtons = [];

// clockControls draws the time, the pushes and the rates.
export function clockControls() {
  face = h('time', { class: 'clock-face', 'data-testid': 'clock' });
  rateButtons = rates.map((rate) =>
    h(
      'button',
      {
        type: 'button',
        class: 'segment',
        'data-testid': `rate-${rate}`,
        'aria-pressed': 'false',
        'aria-label': `Run the clock at ${rate} times`,
        onclick: () => send({ rate }),
      },
      `${rate}×`,
    ),
  );
  setInterval(tick, 250);
  return h(
    'div',
    { class: 'clock', role: 'group', 'aria-label': 'Clock' },
    icon('clock'),
    face,
    h(
      'span',
      { class: 'segments' },
      pushes.map((push) =>
        h(
          'button',
          {
            type: 'button',
            class: 'segment',
            'data-testid': `clock-+${push}`,
            'aria-label': `Push the clock by ${push}`,
            onclick: () => send({ advance: push }),
          },
          `+${push}`,
        ),
      ),
    ),
    h('span', { class: 'segments' }, rateButtons),
  );
}

// readClock asks what time it is.
export async function readClock() {
  try {
    adopt(await get('/clock'));
  } catch (error) {
    console.error('reading the clock', error);
  }
}

async function send(body) {
  try {
    adopt(await post('/clock', body));
  } catch (error) {
    toast(`The clock did not move: ${error.message}`, 'bad');
  }
}

function adopt(answer) {
  clock.set(answer.now, answer.rate);
  tick();
  changed('messages', 'thread', 'home');
}

let last = '';

function tick() {
  if (!face) return;
  const now = new Date(clock.now());
  const words = now.toLocaleString(undefined, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  if (words !== last) fill(face, words);
  last = words;
  rateButtons.forEach((b, i) => b.setAttribute('aria-pressed', String(rates[i] === clock.rate)));
}

// What the page knows. Parts of the page subscribe to a topic; several changes in one frame draw once.

import { get, listen, Refusal } from './api.js';
import { whenFree } from './press.js';

// facts is everything the server told us, plus where this person is looking.
export const facts = {
  me: null,
  team: { name: '' },
  app: { commands: [] },
  users: new Map(),
  groups: new Map(),
  channels: [],
  messages: {},
  ephemerals: {},
  views: [],
  home: null,
  sockets: [],
  outage: '',
  connected: false,
  place: { kind: 'channel', channel: null },
  thread: null,
  sought: null,
  unread: {},
  busy: new Map(),
};

const readers = new Map();
const dirty = new Set();

// on calls draw after any of the topics changed.
export function on(topics, draw) {
  for (const topic of topics.split(' ')) {
    if (!readers.has(topic)) readers.set(topic, new Set());
    readers.get(topic).add(draw);
  }
}

// changed marks topics for drawing in the next frame.
export function changed(...topics) {
  if (dirty.size === 0) schedule();
  topics.forEach((topic) => dirty.add(topic));
}

// A hidden tab gets no animation frames, so it draws on a short timer instead.
function schedule() {
  if (document.hidden) setTimeout(flush, 50);
  else requestAnimationFrame(() => whenFree(flush));
}

function flush() {
  const draws = new Set();
  for (const topic of dirty) for (const draw of readers.get(topic) ?? []) draws.add(draw);
  dirty.clear();
  for (const draw of draws) {
    try {
      draw();
    } catch (error) {
      console.error('drawing', error);
    }
  }
}

let source = null;
let queue = null;
let turns = 0;
const watchers = new Set();

// onArrival calls back for each message that arrives live.
export function onArrival(watch) {
  watchers.add(watch);
}

// become makes the page another person: a new state and a new stream. Somebody unknown becomes the
// first person of the workspace.
export async function become(user) {
  source?.close();
  source = null;
  const turn = ++turns;
  let state;
  try {
    state = await get(`/ui/state${query(user)}`);
  } catch (error) {
    if (turn !== turns) return;
    console.warn('reading the workspace', error.message);
    setTimeout(() => turn === turns && become(error instanceof Refusal ? '' : user), 1000);
    return;
  }
  if (turn !== turns) return;
  adopt(state, true);
  follow(turn);
}

const query = (user) => (user ? `?as=${encodeURIComponent(user)}` : '');

// follow opens the stream; each time it opens, the whole state is read again, and what arrived
// meanwhile is applied after it.
function follow(turn) {
  queue = [];
  source = listen(`/ui/events${query(facts.me)}`, {
    onopen: () => {
      queue ??= [];
      reload(turn);
    },
    onevent: (event) => (queue ? queue.push(event) : apply(event)),
    onerror: () => {
      facts.connected = false;
      changed('sockets');
    },
  });
}

async function reload(turn) {
  try {
    const state = await get(`/ui/state${query(facts.me)}`);
    if (turn !== turns) return;
    adopt(state, false);
  } catch (error) {
    console.warn('reading the workspace', error.message);
    setTimeout(() => turn === turns && reload(turn), 1000);
    return;
  }
  const waiting = queue ?? [];
  queue = null;
  waiting.forEach(apply);
}

function adopt(state, first) {
  facts.connected = true;
  facts.me = typeof state.me === 'object' ? state.me?.id : state.me;
  facts.team = state.team ?? facts.team;
  facts.app = { commands: [], ...state.app };
  facts.users = byID(state.users);
  facts.groups = byID(state.groups);
  facts.channels = state.channels ?? [];
  facts.messages = state.messages ?? {};
  facts.ephemerals = keepNotices(state.ephemerals ?? {}, first);
  facts.views = state.views ?? [];
  facts.home = state.home ?? null;
  facts.sockets = state.sockets ?? [];
  facts.outage = state.outage ?? '';
  if (first) facts.busy.clear();
  for (const c of facts.channels) if (first) facts.unread[c.id] = c.unread ?? 0;
  choosePlace();
  changed('people', 'channels', 'messages', 'thread', 'views', 'home', 'sockets', 'place');
}

const byID = (list) => new Map((list ?? []).map((item) => [item.id, item]));

// A notice is known to this page alone: a fresh state of the same person must not lose it.
function keepNotices(ephemerals, first) {
  if (first) return ephemerals;
  for (const [channel, list] of Object.entries(facts.ephemerals)) {
    const notices = list.filter((m) => m.notice);
    if (notices.length) ephemerals[channel] = [...(ephemerals[channel] ?? []), ...notices];
  }
  return ephemerals;
}

function choosePlace() {
  const known = facts.channels.some((c) => c.id === facts.place.channel);
  if (facts.place.kind === 'home' || known) return;
  const mine = facts.channels.find((c) => !c.is_im && (c.members ?? []).includes(facts.me));
  facts.place = { kind: 'channel', channel: (mine ?? facts.channels[0])?.id ?? null };
  facts.thread = null;
}

function apply(event) {
  const handle = handlers[event.type];
  if (handle) handle(event);
}

const handlers = {
  message: ({ channel, message }) => {
    const list = (facts.messages[channel] ??= []);
    const fresh = put(list, message);
    if (fresh) arrive(channel, message);
    changed('messages', 'thread', 'channels');
  },
  message_deleted: ({ channel, ts }) => {
    drop(facts.messages[channel], ts);
    changed('messages', 'thread');
  },
  ephemeral: ({ channel, message }) => {
    const fresh = put((facts.ephemerals[channel] ??= []), { ...message, ephemeral: true, arrived: Date.now() });
    if (fresh) arrive(channel, message);
    changed('messages', 'thread', 'channels');
  },
  ephemeral_deleted: ({ channel, ts, message }) => {
    drop(facts.ephemerals[channel], ts ?? message?.ts);
    changed('messages', 'thread');
  },
  view: ({ views, view }) => {
    facts.views = views ?? (view ? [view] : []);
    changed('views');
  },
  home: ({ home }) => {
    facts.home = home;
    changed('home');
  },
  trouble: ({ channel, ts, action_id, block_id, text }) => {
    const list = [...(facts.messages[channel] ?? []), ...(facts.ephemerals[channel] ?? [])];
    const message = list.find((m) => m.ts === ts);
    if (message) message.troubles = [...(message.troubles ?? []), { action_id, block_id, text }];
    changed('messages', 'thread', 'views', 'home');
  },
  notice: ({ channel, text, thread_ts }) => {
    const said = (facts.ephemerals[channel] ?? []).some(
      (m) => m.text === text && m.user === 'USLACKBOT' && Date.now() - (m.arrived ?? 0) < 2000,
    );
    if (!said) notice(channel ?? facts.place.channel, text, thread_ts);
  },
  sockets: ({ sockets }) => {
    facts.sockets = sockets ?? [];
    changed('sockets');
  },
  outage: ({ outage }) => {
    facts.outage = outage ?? '';
    changed('sockets');
  },
  reset: () => {
    queue ??= [];
    reload(turns);
  },
};

// notice puts a line from Slackbot under the conversation, for this person alone.
export function notice(channel, text, thread) {
  if (!channel) return;
  const ts = nextStamp(channel);
  const message = { ts, text, user: 'USLACKBOT', ephemeral: true, notice: true, arrived: Date.now() };
  if (thread) message.thread_ts = thread;
  (facts.ephemerals[channel] ??= []).push(message);
  changed('messages', 'thread');
}

// dismiss removes an ephemeral from sight, as its "Dismiss message" does.
export function dismiss(channel, ts) {
  drop(facts.ephemerals[channel], ts);
  changed('messages', 'thread');
}

function nextStamp(channel) {
  const all = [...(facts.messages[channel] ?? []), ...(facts.ephemerals[channel] ?? [])];
  const last = Math.max(0, ...all.map((m) => Number(m.ts)));
  return Math.max(last + 0.000001, clock.now() / 1000).toFixed(6);
}

function put(list, message) {
  const at = list.findIndex((m) => m.ts === message.ts);
  if (at >= 0) {
    list[at] = message;
    return false;
  }
  list.push(message);
  list.sort((a, b) => Number(a.ts) - Number(b.ts));
  return true;
}

function drop(list, ts) {
  const at = list?.findIndex((m) => m.ts === ts) ?? -1;
  if (at >= 0) list.splice(at, 1);
}

function arrive(channel, message) {
  const elsewhere = facts.place.kind !== 'channel' || facts.place.channel !== channel;
  const reply = message.thread_ts && message.thread_ts !== message.ts;
  if ((elsewhere || document.hidden) && message.user !== facts.me && !reply) {
    facts.unread[channel] = (facts.unread[channel] ?? 0) + 1;
  }
  watchers.forEach((watch) => watch(channel, message));
}

// clock is the workspace's own time, which may run faster than ours and may be pushed.
export const clock = {
  base: Date.now(),
  read: performance.now(),
  rate: 1,
  set(now, rate) {
    clock.base = typeof now === 'number' ? now : Date.parse(now);
    clock.read = performance.now();
    if (rate !== undefined) clock.rate = rate;
  },
  now: () => clock.base + (performance.now() - clock.read) * clock.rate,
};

// person finds the one who wrote a message: a user, or the app behind a bot id.
export function person(id) {
  if (id === 'USLACKBOT') return { id, name: 'slackbot', real_name: 'Slackbot', color: '475569', is_system: true };
  return facts.users.get(id) ?? { id, name: id ?? 'unknown', real_name: id ?? 'Unknown' };
}

export const nameOf = (user) => user.real_name || user.profile?.real_name || user.name || user.id;

export const channelOf = (id) => facts.channels.find((c) => c.id === id);

// peer is the other person of a direct message.
export function peer(channel) {
  const id = channel.user ?? (channel.members ?? []).find((m) => m !== facts.me) ?? facts.me;
  return person(id);
}

// go shows a channel, a direct message or the App Home.
export function go(place, thread) {
  facts.place = place;
  facts.thread = thread ?? null;
  if (place.channel) facts.unread[place.channel] = 0;
  changed('place', 'channels', 'messages', 'thread', 'home');
}

// visit goes to one message, in its thread when it is a reply.
export function visit(channel, ts, thread) {
  facts.sought = ts;
  go({ kind: 'channel', channel }, thread && thread !== ts ? thread : null);
}

// openThread shows one thread beside its channel.
export function openThread(ts) {
  facts.thread = ts;
  changed('thread', 'messages');
}

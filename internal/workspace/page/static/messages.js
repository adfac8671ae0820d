// The conversation in the middle: its heading, its messages by day, and its composer.

import { announce, h, icon, reconcile } from './dom.js';
import { author, avatar } from './avatar.js';
import { composer } from './composer.js';
import { headingOf } from './heading.js';
import { homeView } from './home.js';
import { messageNode } from './message.js';
import { mrkdwn } from './mrkdwn.js';
import { channelOf, facts, nameOf, on, onArrival, peer } from './store.js';
import { dayKey, dayName, ofStamp } from './time.js';

const groupWithin = 5 * 60;

// conversation fills the middle of the page and keeps it current.
export function conversation(root) {
  const heading = h('div', { class: 'heading' });
  const list = h('div', { class: 'messages', role: 'log', 'aria-live': 'off', 'aria-label': 'Messages', tabindex: 0 });
  const latest = h(
    'button',
    { type: 'button', class: 'jump', hidden: true, onclick: () => toEnd(list) },
    icon('down'),
    'Jump to latest',
  );
  const foot = h('div', { class: 'foot' });
  const home = h('div', { class: 'home', 'data-testid': 'home', tabindex: 0, 'aria-label': 'Home' });
  root.append(heading, list, latest, foot, home);
  let shown = null;
  const write = composer(foot, { place: () => ({ channel: facts.place.channel }), testID: 'composer', sendID: 'send' });

  const draw = () => {
    const atHome = facts.place.kind === 'home';
    const changedPlace = shown !== placeKey();
    shown = placeKey();
    root.classList.toggle('at-home', atHome);
    [list, foot].forEach((node) => {
      node.hidden = atHome;
    });
    home.hidden = !atHome;
    headingOf(heading);
    if (atHome) {
      latest.hidden = true;
      return homeView(home, changedPlace);
    }
    const atEnd = changedPlace || nearEnd(list);
    if (changedPlace) {
      list.replaceChildren();
      write.reset();
    }
    drawMessages(list);
    write.refresh();
    if (!seek(list) && atEnd) toEnd(list);
    latest.hidden = nearEnd(list);
  };
  on('place messages people home', draw);
  list.addEventListener(
    'scroll',
    () => {
      latest.hidden = nearEnd(list);
    },
    { passive: true },
  );
  new ResizeObserver(() => list.dataset.pinned === 'true' && toEnd(list)).observe(list);
  list.addEventListener(
    'scroll',
    () => {
      list.dataset.pinned = String(nearEnd(list));
    },
    { passive: true },
  );
  onArrival((channel, message) => {
    if (channel === facts.place.channel && message.user !== facts.me)
      announce(`${nameOf(author(message))}: ${message.text ?? 'new message'}`);
  });
}

// seek shows the one message somebody followed a link to.
export function seek(list) {
  const node = facts.sought && list.querySelector(`[data-ts="${CSS.escape(facts.sought)}"]`);
  if (!node) return false;
  facts.sought = null;
  node.scrollIntoView({ block: 'center' });
  node.classList.add('sought');
  setTimeout(() => node.classList.remove('sought'), 2500);
  list.dataset.pinned = 'false';
  return true;
}

const placeKey = () => `${facts.me}/${facts.place.kind}/${facts.place.channel}`;
const nearEnd = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < 60;

function toEnd(list) {
  list.scrollTop = list.scrollHeight;
  list.dataset.pinned = 'true';
}

// timeline is what a channel shows in order: its messages without thread replies, and ephemerals.
function timeline(channel) {
  const root = (m) => !m.thread_ts || m.thread_ts === m.ts || m.subtype === 'thread_broadcast' || m.reply_broadcast;
  const all = [
    ...(facts.messages[channel] ?? []).filter(root),
    ...(facts.ephemerals[channel] ?? []).filter((m) => !m.thread_ts),
  ];
  return all.sort((a, b) => Number(a.ts) - Number(b.ts));
}

// repliesTo finds a thread's replies in order.
export function repliesTo(channel, ts) {
  const reply = (m) => m.thread_ts === ts && m.ts !== ts;
  const all = [...(facts.messages[channel] ?? []).filter(reply), ...(facts.ephemerals[channel] ?? []).filter(reply)];
  return all.sort((a, b) => Number(a.ts) - Number(b.ts));
}

function drawMessages(list) {
  const channel = facts.place.channel;
  const items = [{ key: 'start', sign: channel + facts.me, make: () => start(channel) }];
  let before = null;
  for (const message of timeline(channel)) {
    const when = ofStamp(message.ts);
    const day = dayKey(when);
    if (!before || dayKey(ofStamp(before.ts)) !== day) {
      const name = dayName(when);
      items.push({
        key: `day-${day}`,
        sign: name,
        make: () => h('div', { class: 'day', role: 'separator', 'aria-label': name }, h('span', {}, name)),
      });
      before = null;
    }
    const compact = before && follows(before, message);
    const replies = repliesTo(channel, message.ts).filter((m) => !m.ephemeral);
    items.push({
      key: `m-${message.ts}-${message.ephemeral ? 'e' : ''}`,
      sign: signOf(channel, message, compact, replies),
      make: () => messageNode(channel, message, { compact, replies }),
    });
    before = message;
  }
  reconcile(list, items);
}

function follows(before, message) {
  return (
    author(before).id === author(message).id &&
    !message.ephemeral &&
    !before.ephemeral &&
    !before.reply_count &&
    Number(message.ts) - Number(before.ts) < groupWithin
  );
}

// signOf changes exactly when a message must be drawn again.
export function signOf(channel, message, ...more) {
  const busy = [...facts.busy.keys()].filter((k) => k.startsWith(`${channel}/${message.ts}/`));
  return JSON.stringify([
    message,
    more,
    busy,
    facts.me,
    facts.thread === message.ts,
    facts.users.size,
    facts.app.bot_user_id,
    day(),
  ]);
}

const day = () => new Date().toDateString();

function start(id) {
  const channel = channelOf(id);
  if (!channel) return h('div', { class: 'start' });
  if (channel.is_im) {
    const other = peer(channel);
    return h(
      'div',
      { class: 'start' },
      avatar(other, 'large'),
      h('h2', {}, nameOf(other)),
      h('p', {}, `This is the beginning of your conversation with ${nameOf(other)}.`),
    );
  }
  const kind = channel.is_private ? 'private channel' : 'channel';
  return h(
    'div',
    { class: 'start' },
    h('h2', {}, icon(channel.is_private ? 'lock' : 'hash'), channel.name),
    h('p', {}, `This is the start of the ${kind}. `, mrkdwn(channel.topic?.value ?? channel.topic ?? '')),
  );
}

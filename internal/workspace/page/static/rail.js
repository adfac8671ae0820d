// The left rail: the workspace, its channels, its people, the app's home.

import { fill, h, icon } from './dom.js';
import { avatar, badges } from './avatar.js';
import { changed, facts, go, nameOf, on, peer, person } from './store.js';

// rail draws the list of places and keeps it current.
export function rail(root) {
  const draw = () => {
    const open = facts.channels.filter((c) => !c.is_im);
    const direct = facts.channels.filter((c) => c.is_im).sort((a, b) => appFirst(a) - appFirst(b));
    fill(
      root,
      h('div', { class: 'rail-group' }, home()),
      group('Channels', open.map(channel)),
      group('Direct messages', direct.map(message)),
    );
  };
  on('channels people place messages', draw);
}

const appFirst = (c) => (peer(c).id === facts.app.bot_user_id ? 0 : 1);

function group(title, rows) {
  return h('div', { class: 'rail-group', role: 'group', 'aria-label': title }, h('h2', {}, title), rows);
}

function entry({ on: here, unread, face, label, extra, hooks, run }) {
  return h(
    'button',
    {
      type: 'button',
      class: `place ${here ? 'on' : ''} ${unread ? 'unread' : ''}`,
      'aria-current': here ? 'page' : undefined,
      onclick: () => {
        document.body.classList.remove('rail-open');
        document.getElementById('rail-toggle').setAttribute('aria-expanded', 'false');
        run();
      },
      ...hooks,
    },
    face,
    h('span', { class: 'place-name' }, label),
    extra,
    unread > 0 && h('span', { class: 'count', 'aria-label': `${unread} unread` }, unread > 99 ? '99+' : String(unread)),
  );
}

function home() {
  return entry({
    on: facts.place.kind === 'home',
    face: icon('home'),
    label: 'App Home',
    hooks: { 'data-testid': 'home-entry' },
    run: () => {
      go({ kind: 'home', channel: null });
      changed('home');
    },
  });
}

function channel(c) {
  const here = facts.place.kind === 'channel' && facts.place.channel === c.id;
  const member = !c.members || c.members.includes(facts.me);
  return entry({
    on: here,
    unread: member ? facts.unread[c.id] : 0,
    face: icon(c.is_private ? 'lock' : 'hash'),
    label: c.name,
    hooks: { 'data-testid': 'channel', 'data-name': c.name },
    run: () => go({ kind: 'channel', channel: c.id }),
  });
}

function message(c) {
  const other = peer(c);
  const here = facts.place.kind === 'channel' && facts.place.channel === c.id;
  return entry({
    on: here,
    unread: facts.unread[c.id],
    face: avatar(other, 'mini'),
    label: other.id === facts.me ? `${nameOf(other)} (you)` : nameOf(other),
    extra: badges(other),
    hooks: { 'data-testid': 'channel', 'data-name': other.name },
    run: () => go({ kind: 'channel', channel: c.id }),
  });
}

// brand draws the workspace's name, and linkState whether the app listens.
export function brand(root) {
  on('people', () => {
    document.title = facts.team.name || 'Workspace';
    fill(
      root,
      h('img', { src: 'icon.svg', alt: '', width: 26, height: 26 }),
      h('span', {}, facts.team.name || 'Workspace'),
    );
  });
}

export function linkState(root) {
  on('sockets people', () => {
    const [tone, text] = standing();
    root.className = `link-state ${tone}`;
    root.title = text;
    if (root.textContent !== text) fill(root, h('span', { class: 'lamp' }), h('span', {}, text));
  });
}

// standing is how the connection between people, Slack and the app stands: a tone and the words.
function standing() {
  const name = facts.app.name || 'The app';
  const n = facts.sockets.length;
  if (!facts.connected) return ['lost', 'The workspace is not answering'];
  if (facts.outage) return ['lost', 'Slack is down for everybody'];
  if (!n) return ['down', `${name} is not connected`];
  return ['up', `${name} is connected${n > 1 ? `, ${n} sockets` : ''}`];
}

// actAs draws the switch with which one becomes another person.
export function actAs(root, become) {
  on('people', () => {
    const people = [...facts.users.values()].filter((u) => !u.is_bot && u.id !== 'USLACKBOT');
    const choice = h(
      'select',
      {
        id: 'act-as-select',
        'data-testid': 'act-as',
        'aria-label': 'Act as',
        onchange: (event) => become(event.target.value),
      },
      people.map((u) => h('option', { value: u.id, selected: u.id === facts.me, disabled: u.deleted }, label(u))),
    );
    fill(
      root,
      h('label', { for: 'act-as-select' }, 'Act as'),
      avatar(person(facts.me), 'small'),
      h('span', { class: 'select-frame' }, choice, icon('caret')),
    );
  });
}

function label(u) {
  const note = u.deleted
    ? ' (deactivated)'
    : u.is_stranger
      ? ' (external)'
      : u.is_restricted || u.is_ultra_restricted
        ? ' (guest)'
        : '';
  return `${nameOf(u)} @${u.name}${note}`;
}

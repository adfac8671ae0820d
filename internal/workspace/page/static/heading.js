// The line above the conversation: where we are, and with whom.

import { fill, h, icon } from './dom.js';
import { avatar, badges } from './avatar.js';
import { mrkdwn } from './mrkdwn.js';
import { channelOf, facts, go, nameOf, peer, person } from './store.js';

// headingOf draws the heading of the place this person looks at.
export function headingOf(root) {
  const channel = channelOf(facts.place.channel);
  if (facts.place.kind === 'home') return app(root, 'Home');
  if (!channel) return fill(root, h('h1', {}, 'Loading…'));
  if (!channel.is_im) return open(root, channel);
  const other = peer(channel);
  if (other.id === facts.app.bot_user_id) return app(root, 'Messages');
  return fill(root, avatar(other, 'small'), h('h1', {}, nameOf(other)), badges(other));
}

// app is the heading of the app's own places, its home and its direct messages.
function app(root, current) {
  const bot = person(facts.app.bot_user_id);
  const direct = facts.channels.find((c) => c.is_im && peer(c).id === bot.id);
  const tab = (name, place) =>
    h(
      'button',
      {
        type: 'button',
        class: `tab ${name === current ? 'on' : ''}`,
        'aria-current': name === current ? 'page' : undefined,
        onclick: () => go(place),
      },
      name,
    );
  return fill(
    root,
    avatar(bot, 'small'),
    h('h1', {}, facts.app.name || nameOf(bot)),
    badges(bot),
    h(
      'div',
      { class: 'tabs' },
      tab('Home', { kind: 'home', channel: null }),
      direct && tab('Messages', { kind: 'channel', channel: direct.id }),
    ),
  );
}

function open(root, channel) {
  const members = channel.members ?? [];
  return fill(
    root,
    h('h1', {}, icon(channel.is_private ? 'lock' : 'hash'), channel.name),
    h('div', { class: 'topic' }, mrkdwn(channel.topic?.value ?? channel.topic ?? '')),
    h(
      'div',
      { class: 'members', title: members.map((id) => nameOf(person(id))).join(', ') },
      h(
        'span',
        { class: 'faces' },
        members.slice(0, 4).map((id) => avatar(person(id), 'mini')),
      ),
      `${members.length} ${members.length === 1 ? 'member' : 'members'}`,
    ),
  );
}

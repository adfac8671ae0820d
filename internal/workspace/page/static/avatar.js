// Faces and names: coloured initials for people, an anchor for the app.

import { h, icon } from './dom.js';
import { facts, nameOf } from './store.js';

// avatar draws a person's initials on their own colour.
export function avatar(user, size = '') {
  const isApp = user.id === facts.app.bot_user_id;
  const face = isApp ? icon('anchor') : initials(user);
  return h(
    'span',
    {
      class: `avatar ${size} ${isApp ? 'app' : ''} ${user.deleted ? 'gone' : ''}`,
      style: { '--hue': String(hue(user)) },
      'aria-hidden': 'true',
    },
    face,
  );
}

function initials(user) {
  const words = nameOf(user)
    .replace(/[^\p{L}\p{N} ]/gu, ' ')
    .trim()
    .split(/\s+/);
  return ((words[0]?.[0] ?? '?') + (words.length > 1 ? words.at(-1)[0] : '')).toUpperCase();
}

// hue gives each person a colour of their own, by their place among the people.
function hue(user) {
  if (user.is_system) return 250;
  const at = [...facts.users.keys()].indexOf(user.id);
  return (185 + (at + 1) * 137.508) % 360;
}

// author finds who a message is from.
export function author(message) {
  if (message.user && facts.users.has(message.user)) return facts.users.get(message.user);
  if (message.user === 'USLACKBOT')
    return { id: 'USLACKBOT', name: 'slackbot', real_name: 'Slackbot', is_system: true };
  if (message.bot_id)
    return (
      facts.users.get(facts.app.bot_user_id) ?? {
        id: facts.app.bot_user_id,
        name: facts.app.name,
        real_name: facts.app.name,
        is_bot: true,
      }
    );
  return { id: message.user ?? '?', name: message.username ?? message.user ?? 'unknown' };
}

// badges are the small words after a name: APP, guest, deactivated, external.
export function badges(user) {
  const words = [];
  if (user.is_bot || user.id === facts.app.bot_user_id) words.push('app');
  if (user.is_stranger) words.push('external');
  if (user.is_restricted || user.is_ultra_restricted) words.push('guest');
  if (user.deleted) words.push('deactivated');
  return words.map((w) => h('span', { class: `badge ${w}` }, w));
}

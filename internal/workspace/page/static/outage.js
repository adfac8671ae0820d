// The menus that disturb what the app stands on: Slack, Redis, and who is in which user group.

import { post, remove } from './api.js';
import { tell } from './breakage.js';
import { avatar } from './avatar.js';
import { h } from './dom.js';
import { menu } from './popover.js';
import { facts, nameOf } from './store.js';

const does = (words, path, body, { hint, test } = {}) => ({
  label: words,
  hint,
  test,
  run: () => tell(words, () => post(path, body)),
});

// slackMenu takes Slack away, disturbs its connections, and breaks single methods.
export function slackMenu(anchor) {
  const how = (words, value) => does(words, '/ui/sockets', { how: value }, { test: `socket-${value}` });
  menu(
    anchor,
    [
      { heading: 'All of Slack' },
      ...outages(),
      { heading: 'Sockets' },
      how('Drop all sockets', 'drop'),
      how('Ask for a refresh', 'refresh'),
      how('Warn, then refresh', 'warning'),
      how('Stop the pings', 'no_pings'),
      how('Stop reading', 'half_open'),
      how('Switch Socket Mode off', 'link_disabled'),
      how('Switch Socket Mode on', 'link_enabled'),
      { heading: 'Web API' },
      does('Rate limit message updates for 15 s', '/ui/fault', {
        method: 'chat.update',
        error: 'ratelimited',
        status: 429,
        retry_after: 15,
        times: 5,
      }),
      does('Lose the answer to the next post', '/ui/fault', {
        method: 'chat.postMessage',
        after_effect: true,
        times: 1,
      }),
      does('Fail to say who is in a group', '/ui/fault', {
        method: 'usergroups.users.list',
        error: 'internal_error',
        times: -1,
      }),
      { label: 'Mend every method', run: () => tell('Slack is mended', () => remove('/ui/fault')) },
    ],
    { label: 'Disturb Slack', className: 'wide' },
  );
}

function outages() {
  if (facts.outage) return [does('Bring Slack back', '/ui/outage', { how: '' }, { test: 'slack-up' })];
  return [
    does(
      'Take Slack away',
      '/ui/outage',
      { how: 'unavailable' },
      {
        hint: 'for the app and for people: status 503',
        test: 'slack-down',
      },
    ),
    does('Cut Slack off', '/ui/outage', { how: 'unreachable' }, { hint: 'connections end without an answer' }),
  ];
}

// redisMenu stops the embedded Redis and brings it back.
export function redisMenu(anchor) {
  menu(
    anchor,
    [
      { heading: 'The app’s Redis' },
      does('Stop Redis', '/redis', { how: 'down' }, { hint: 'what it holds is kept', test: 'redis-down' }),
      does('Start Redis again', '/redis', { how: 'up' }, { test: 'redis-up' }),
    ],
    { label: 'Redis' },
  );
}

// peopleMenu shows the user groups, and lets somebody join or leave one, or the company.
export function peopleMenu(anchor) {
  const groups = [...facts.groups.values()];
  const people = [...facts.users.values()].filter((u) => !u.is_bot && !u.is_stranger && u.id !== 'USLACKBOT');
  menu(
    anchor,
    [
      { heading: 'User groups' },
      ...groups.map((g) => ({
        label: `@${g.handle}`,
        hint: (g.users ?? []).map((id) => nameOf(facts.users.get(id) ?? { id })).join(', ') || 'nobody',
        test: `group-${g.handle}`,
        run: () => membersMenu(anchor, g.id, people),
      })),
      { heading: 'The company' },
      ...people.filter((u) => !u.is_restricted).map(leave),
    ],
    { label: 'People', className: 'wide' },
  );
}

function membersMenu(anchor, id, people) {
  const group = facts.groups.get(id);
  const members = group?.users ?? [];
  const turn = (u) => {
    const inside = members.includes(u.id);
    const users = inside ? members.filter((m) => m !== u.id) : [...members, u.id];
    const words = `${nameOf(u)} ${inside ? 'leaves' : 'joins'} @${group.handle}`;
    return {
      label: h('span', { class: 'menu-person' }, avatar(u, 'mini'), nameOf(u)),
      hint: inside ? 'a member, press to remove' : 'press to add',
      test: `member-${u.name}`,
      run: () => tell(words, () => post('/ui/groups', { handle: group.handle, users })),
    };
  };
  menu(anchor, [{ heading: `@${group.handle}, ${group.name}` }, ...people.filter((u) => !u.deleted).map(turn)], {
    label: `Members of @${group.handle}`,
    className: 'wide',
  });
}

function leave(user) {
  const words = user.deleted ? `${nameOf(user)} comes back` : `${nameOf(user)} leaves the company`;
  return does(words, '/ui/users', { user: user.id, deleted: !user.deleted });
}

// The right pane: one thread, with a composer of its own.

import { append, fill, h, icon, reconcile } from './dom.js';
import { composer } from './composer.js';
import { messageNode } from './message.js';
import { repliesTo, seek, signOf } from './messages.js';
import { channelOf, facts, nameOf, on, openThread, peer } from './store.js';

// threadPane keeps the pane in step with the chosen thread.
export function threadPane(root) {
  const title = h('div', { class: 'heading' });
  const list = h('div', {
    class: 'messages',
    role: 'log',
    'aria-live': 'off',
    'aria-label': 'Thread messages',
    tabindex: 0,
  });
  const foot = h('div', { class: 'foot' });
  append(root, [title, list, foot]);
  let shown = null;
  let opened = null;
  const write = composer(foot, {
    place: () => ({ channel: facts.place.channel, thread_ts: facts.thread }),
    testID: 'thread-composer',
    sendID: 'thread-send',
  });

  const draw = () => {
    const channel = facts.place.channel;
    const parent =
      facts.thread &&
      facts.place.kind === 'channel' &&
      (facts.messages[channel] ?? []).find((m) => m.ts === facts.thread);
    root.hidden = !parent;
    document.body.classList.toggle('with-thread', Boolean(parent));
    if (!parent) {
      shown = null;
      opened = null;
      return;
    }
    const fresh = shown !== `${channel}/${parent.ts}/${facts.me}`;
    shown = `${channel}/${parent.ts}/${facts.me}`;
    if (fresh) {
      list.replaceChildren();
      write.reset();
    }
    const atEnd = fresh || list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    heading(title, channelOf(channel));
    reconcile(list, items(channel, parent));
    write.refresh();
    if (opened !== parent.ts) write.focus();
    opened = parent.ts;
    if (!seek(list) && atEnd) list.scrollTop = list.scrollHeight;
  };
  on('thread place messages people', draw);
  root.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented) openThread(null);
  });
}

function heading(root, channel) {
  const where = channel?.is_im ? nameOf(peer(channel)) : `#${channel?.name ?? ''}`;
  fill(
    root,
    h('h2', {}, 'Thread'),
    h('div', { class: 'topic' }, where),
    h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-label': 'Close thread',
        'data-testid': 'thread-close',
        onclick: () => openThread(null),
      },
      icon('close'),
    ),
  );
}

function items(channel, parent) {
  const replies = repliesTo(channel, parent.ts);
  const spoken = replies.filter((m) => !m.ephemeral).length;
  const rows = [
    {
      key: `p-${parent.ts}`,
      sign: signOf(channel, parent, 'parent'),
      make: () => messageNode(channel, parent, { inThread: true }),
    },
    {
      key: 'count',
      sign: String(spoken),
      make: () => h('div', { class: 'reply-rule' }, spoken === 1 ? '1 reply' : `${spoken} replies`),
    },
  ];
  let before = null;
  for (const message of replies) {
    const compact =
      before &&
      before.user === message.user &&
      before.bot_id === message.bot_id &&
      !message.ephemeral &&
      !before.ephemeral &&
      Number(message.ts) - Number(before.ts) < 300;
    rows.push({
      key: `t-${message.ts}-${message.ephemeral ? 'e' : ''}`,
      sign: signOf(channel, message, compact),
      make: () => messageNode(channel, message, { compact, inThread: true }),
    });
    before = message;
  }
  return rows;
}

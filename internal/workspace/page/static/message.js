// One message: who, when, what, and what hangs below it.

import { post } from './api.js';
import { append, h, icon, toast } from './dom.js';
import { author, avatar, badges } from './avatar.js';
import { blocks } from './blocks.js';
import { context } from './context.js';
import { emoji } from './emoji.js';
import { mrkdwn } from './mrkdwn.js';
import { changed, clock, dismiss, facts, nameOf, openThread, person } from './store.js';
import { fullTime, ofStamp, shortTime, ago } from './time.js';

// messageNode draws a message of a channel. Compact ones follow their author's last without a header.
export function messageNode(channel, message, { compact = false, inThread = false, replies = null } = {}) {
  const who = author(message);
  const when = ofStamp(message.ts);
  const classes = [
    'message',
    compact && 'compact',
    message.ephemeral && 'ephemeral',
    message.notice && 'notice',
    facts.thread === message.ts && !inThread && 'selected',
  ];
  return h(
    'article',
    {
      class: classes.filter(Boolean).join(' '),
      'data-testid': 'message',
      'data-ts': message.ts,
      'data-channel': channel,
      'data-ephemeral': message.ephemeral ? 'true' : undefined,
      'aria-label': `${nameOf(who)}, ${shortTime(when)}`,
    },
    h(
      'div',
      { class: 'gutter' },
      compact ? h('time', { class: 'side-time', title: fullTime(when) }, shortTime(when)) : avatar(who),
    ),
    h(
      'div',
      { class: 'content' },
      message.ephemeral && h('div', { class: 'only-you' }, icon('eye'), 'Only visible to you'),
      !compact &&
        h(
          'header',
          {},
          h('span', { class: 'name' }, nameOf(who)),
          badges(who),
          h('time', { class: 'time', title: fullTime(when), datetime: when.toISOString() }, shortTime(when)),
        ),
      body(channel, message),
      reactions(channel, message),
      message.ephemeral ? farewell(channel, message) : replyLink(message, inThread, replies),
    ),
    !message.ephemeral &&
      !inThread &&
      h(
        'div',
        { class: 'hover-tools' },
        h(
          'button',
          {
            type: 'button',
            class: 'icon-button',
            'aria-label': 'Reply in thread',
            title: 'Reply in thread',
            'data-testid': 'reply-in-thread',
            onclick: () => openThread(message.thread_ts ?? message.ts),
          },
          icon('reply'),
        ),
      ),
  );
}

function body(channel, message) {
  const box = h('div', { class: 'body' });
  const list = message.blocks ?? [];
  const ctx = context(
    { channel, ts: message.ts },
    { troubles: message.troubles ?? [], redraw: () => changed('messages', 'thread') },
  );
  if (list.length) append(box, blocks(list, ctx));
  else append(box, h('div', { class: 'text' }, mrkdwn(message.text)));
  for (const attachment of message.attachments ?? []) append(box, attached(attachment, ctx));
  for (const file of message.files ?? [])
    append(box, h('div', { class: 'file' }, icon('thread'), h('span', {}, file.title || file.name || 'File')));
  if (message.edited)
    append(
      list.length ? box : (box.querySelector('.text') ?? box),
      h('span', { class: 'edited', title: fullTime(ofStamp(message.edited.ts ?? message.ts)) }, '(edited)'),
    );
  return box;
}

function attached(attachment, ctx) {
  return h(
    'div',
    { class: 'attachment', style: { '--bar': colour(attachment.color) } },
    attachment.pretext && h('div', { class: 'text' }, mrkdwn(attachment.pretext)),
    attachment.title && h('strong', {}, attachment.title),
    attachment.text && h('div', { class: 'text' }, mrkdwn(attachment.text)),
    attachment.blocks && blocks(attachment.blocks, ctx),
  );
}

function colour(value) {
  const named = { good: '#2f9e5b', warning: '#e0a100', danger: '#d9363e' };
  if (named[value]) return named[value];
  return /^#?[0-9a-f]{3,8}$/i.test(value ?? '') ? `#${value.replace('#', '')}` : 'var(--line-strong)';
}

function reactions(channel, message) {
  if (!message.reactions?.length) return null;
  return h(
    'div',
    { class: 'reactions' },
    message.reactions.map((r) => {
      const names = (r.users ?? []).map((id) => nameOf(person(id))).join(', ');
      const mine = (r.users ?? []).includes(facts.me);
      return h(
        'button',
        {
          type: 'button',
          class: `reaction ${mine ? 'mine' : ''}`,
          title: `${names} :${r.name}:`,
          'aria-label': `${r.name}, ${r.count ?? r.users?.length ?? 1}, ${names}`,
          'data-testid': 'reaction',
          'data-name': r.name,
          'aria-pressed': String(mine),
          onclick: () =>
            post('/ui/react', { as: facts.me, channel, ts: message.ts, name: r.name }).catch((error) =>
              toast(error.message, 'bad'),
            ),
        },
        emoji(r.name) ?? `:${r.name}:`,
        h('span', { class: 'count' }, String(r.count ?? r.users?.length ?? 1)),
      );
    }),
  );
}

function farewell(channel, message) {
  return h(
    'button',
    { type: 'button', class: 'text-button', onclick: () => dismiss(channel, message.ts) },
    'Dismiss message',
  );
}

function replyLink(message, inThread, replies) {
  const count = message.reply_count ?? replies?.length ?? 0;
  if (inThread || !count) return null;
  const people = [...new Set((replies ?? []).map((r) => author(r).id))].slice(-3);
  const last = replies?.at(-1)?.ts ?? message.latest_reply;
  return h(
    'button',
    { type: 'button', class: 'thread-link', 'data-testid': 'open-thread', onclick: () => openThread(message.ts) },
    h(
      'span',
      { class: 'faces' },
      people.map((id) => avatar(person(id), 'mini')),
    ),
    h('span', { class: 'replies' }, count === 1 ? '1 reply' : `${count} replies`),
    last && h('span', { class: 'last' }, `Last ${ago(new Date(Math.min(ofStamp(last), clock.now())))}`),
  );
}

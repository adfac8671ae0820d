// Slack's mrkdwn to elements. The text arrives escaped: & < > as entities, and every real "<" opens
// a mention or a link.

import { h } from './dom.js';
import { dress, emoji } from './emoji.js';
import { channelOf, facts, go, nameOf, person, visit } from './store.js';
import { dateTokens } from './time.js';

// unescape turns Slack's three entities back into characters, once.
export const unescape = (text) => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');

// mrkdwn renders a text; verbatim leaves bare addresses as they are.
export function mrkdwn(text, { verbatim = false } = {}) {
  const out = document.createDocumentFragment();
  const parts = String(text ?? '').split('```');
  parts.forEach((part, i) => {
    const last = i === parts.length - 1;
    if (i % 2 === 1 && !last)
      out.append(h('pre', { class: 'code-block' }, codeText(part.replace(/^\n/, '').replace(/\n$/, ''))));
    else out.append(...paragraphs(i % 2 === 1 ? `\`\`\`${part}` : trimAround(part, i > 0, !last), verbatim));
  });
  return out;
}

// A code block is a box of its own: the line breaks that touch it would only add empty lines.
function trimAround(text, afterBlock, beforeBlock) {
  let trimmed = text;
  if (afterBlock) trimmed = trimmed.replace(/^\n/, '');
  if (beforeBlock) trimmed = trimmed.replace(/\n$/, '');
  return trimmed;
}

function paragraphs(text, verbatim) {
  if (text === '') return [];
  const nodes = [];
  let plain = [];
  let quote = [];
  const flushPlain = () => {
    if (plain.length) nodes.push(...lines(plain, verbatim));
    plain = [];
  };
  const flushQuote = () => {
    if (quote.length) nodes.push(h('blockquote', {}, lines(quote, verbatim)));
    quote = [];
  };
  for (const line of text.split('\n')) {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (quoted) {
      flushPlain();
      quote.push(quoted[1]);
    } else {
      flushQuote();
      plain.push(line);
    }
  }
  flushPlain();
  flushQuote();
  return nodes;
}

function lines(list, verbatim) {
  return list.flatMap((line, i) => {
    const nodes = inline(line, verbatim);
    return i === 0 ? nodes : [h('br'), ...nodes];
  });
}

const codeText = (text) =>
  unescape(text.replace(/<((?:https?|mailto):[^|>]+)(?:\|([^>]*))?>/g, (_, url, label) => label ?? url));

const marks = [
  { pattern: /`([^`\n]+)`/, make: (m) => h('code', {}, codeText(m[1])) },
  { pattern: /<([^<>\n]+)>/, make: (m) => control(m[1]) },
  { pattern: /(?<![\w*])\*(?=\S)([^*\n]*[^\s*])\*(?![\w*])/, make: (m, v) => h('strong', {}, inline(m[1], v)) },
  { pattern: /(?<![\w_])_(?=\S)([^\n]*?[^\s_])_(?![\w_])/, make: (m, v) => h('em', {}, inline(m[1], v)) },
  { pattern: /(?<![\w~])~(?=\S)([^~\n]*[^\s~])~(?![\w~])/, make: (m, v) => h('s', {}, inline(m[1], v)) },
  { pattern: /:([a-z0-9_+'-]+(?:::skin-tone-\d)?):/, make: (m) => emoji(m[1]) },
];
const bareURL = { pattern: /https?:\/\/[^\s<>|]+[^\s<>|.,;:!?)]/, make: (m) => link(unescape(m[0]), unescape(m[0])) };

// inline renders one line: the earliest mark wins, and what lies between marks is text.
function inline(text, verbatim) {
  const nodes = [];
  let rest = text;
  while (rest) {
    const found = earliest(rest, verbatim);
    if (!found) break;
    if (found.at > 0) nodes.push(...dress(unescape(rest.slice(0, found.at))));
    nodes.push(found.node);
    rest = rest.slice(found.at + found.length);
  }
  if (rest) nodes.push(...dress(unescape(rest)));
  return nodes;
}

function earliest(text, verbatim) {
  const rules = verbatim ? marks : [...marks, bareURL];
  const hits = [];
  for (const rule of rules) {
    const match = rule.pattern.exec(text);
    if (match) hits.push({ match, rule });
  }
  hits.sort((a, b) => a.match.index - b.match.index);
  for (const { match, rule } of hits) {
    const node = rule.make(match, verbatim);
    if (node) return { at: match.index, length: match[0].length, node };
  }
  return null;
}

// control renders what stands between "<" and ">": mentions, dates and links.
function control(body) {
  const [target, label] = split(body, '|');
  if (target.startsWith('@')) return userMention(target.slice(1), label);
  if (target.startsWith('#')) return channelMention(target.slice(1), label);
  if (target.startsWith('!date^')) return dateMention(target, label);
  if (target.startsWith('!subteam^')) return groupMention(target.slice(9), label);
  if (target.startsWith('!'))
    return h('span', { class: 'mention broadcast' }, `@${label ?? target.slice(1).split('^')[0]}`);
  if (/^(https?|mailto|tel|slack):/.test(target)) return link(unescape(target), unescape(label ?? target));
  return document.createTextNode(unescape(`<${body}>`));
}

function split(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

export function userMention(id, label) {
  const user = person(id);
  const text = facts.users.has(id) ? nameOf(user) : label || id;
  return h('span', { class: `mention ${id === facts.me ? 'me' : ''}`, 'data-user': id }, `@${text}`);
}

export function groupMention(id, label) {
  const group = facts.groups.get(id);
  const mine = (group?.users ?? []).includes(facts.me);
  return h('span', { class: `mention ${mine ? 'me' : ''}` }, `@${(group?.handle ?? label ?? id).replace(/^@/, '')}`);
}

export function channelMention(id, label) {
  const channel = channelOf(id);
  if (!channel) return h('span', { class: 'mention' }, `#${label || id}`);
  return h(
    'button',
    { type: 'button', class: 'mention link', onclick: () => go({ kind: 'channel', channel: id }) },
    `#${channel.name}`,
  );
}

function dateMention(target, fallback) {
  const [, epoch, pattern, address] = target.split('^');
  if (!/^\d+$/.test(epoch ?? '')) return document.createTextNode(unescape(fallback ?? target));
  const { text, title } = dateTokens(epoch, unescape(pattern ?? ''));
  const time = h('time', { class: 'date', title, datetime: new Date(Number(epoch) * 1000).toISOString() }, text);
  return address ? link(unescape(address), time) : time;
}

// link opens outside the page, and only for addresses a browser may follow safely. The address of a
// message of this workspace leads to the message.
export function link(address, content) {
  const inside = /\/archives\/([A-Z0-9]+)\/p(\d{10})(\d{6})(?:\?.*thread_ts=([\d.]+))?/.exec(address);
  if (inside && channelOf(inside[1])) {
    const [, channel, seconds, rest, thread] = inside;
    return h(
      'a',
      {
        href: address,
        onclick: (event) => {
          event.preventDefault();
          visit(channel, `${seconds}.${rest}`, thread);
        },
      },
      content,
    );
  }
  if (!/^(https?|mailto|tel):/i.test(address)) return h('span', {}, content);
  return h('a', { href: address, target: '_blank', rel: 'noopener noreferrer nofollow' }, content);
}

// plain renders a plain_text object's text: emoji and nothing else.
export function plain(text) {
  return String(text ?? '')
    .split(/(:[a-z0-9_+'-]+:)/)
    .flatMap((part) => {
      const name = /^:([a-z0-9_+'-]+):$/.exec(part);
      return (name && emoji(name[1])) ?? dress(part);
    });
}

// textObject renders a Block Kit text object of either type.
export function textObject(object) {
  if (!object) return document.createDocumentFragment();
  if (typeof object === 'string') return document.createTextNode(object);
  if (object.type === 'mrkdwn') return mrkdwn(object.text, { verbatim: object.verbatim });
  const out = document.createDocumentFragment();
  plain(unescape(object.text ?? '')).forEach((node) => out.append(node));
  return out;
}

// flat gives a text object's words alone, for labels a screen reader says.
export const flat = (object) =>
  unescape(typeof object === 'string' ? object : (object?.text ?? ''))
    .replace(/:([a-z_0-9+-]+):/g, '')
    .trim();

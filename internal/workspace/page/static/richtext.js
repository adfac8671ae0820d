// Slack's rich_text blocks, and the markdown block, to elements.

import { h } from './dom.js';
import { dress, emoji } from './emoji.js';
import { channelMention, groupMention, link, userMention } from './mrkdwn.js';
import { dateTokens } from './time.js';

// richText renders the elements of a rich_text block.
export function richText(block) {
  return h('div', { class: 'rich-text' }, (block.elements ?? []).map(piece));
}

function piece(element) {
  switch (element.type) {
    case 'rich_text_list':
      return list(element);
    case 'rich_text_quote':
      return h('blockquote', {}, spans(element.elements));
    case 'rich_text_preformatted':
      return h(
        'pre',
        { class: 'code-block' },
        (element.elements ?? []).map((e) => e.text ?? e.url ?? ''),
      );
    default:
      return h('div', { class: 'rich-section' }, spans(element.elements));
  }
}

function list(element) {
  const ordered = element.style === 'ordered';
  const props = { class: `rich-list indent-${Math.min(element.indent ?? 0, 4)} ${element.border ? 'bordered' : ''}` };
  if (ordered && element.offset) props.start = element.offset + 1;
  return h(
    ordered ? 'ol' : 'ul',
    props,
    (element.elements ?? []).map((item) => h('li', {}, spans(item.elements))),
  );
}

const spans = (elements) => (elements ?? []).map((e) => styled(span(e), e.style));

function span(e) {
  switch (e.type) {
    case 'text':
      return words(e.text);
    case 'link':
      return link(e.url, e.text || e.url);
    case 'user':
      return userMention(e.user_id);
    case 'usergroup':
      return groupMention(e.usergroup_id);
    case 'channel':
      return channelMention(e.channel_id);
    case 'emoji':
      return emoji(e.name) ?? `:${e.name}:`;
    case 'broadcast':
      return h('span', { class: 'mention broadcast' }, `@${e.range}`);
    case 'date': {
      const { text, title } = dateTokens(e.timestamp, e.format ?? '{date_pretty} at {time}');
      return e.url ? link(e.url, text) : h('time', { class: 'date', title }, text);
    }
    case 'color':
      return h('span', { class: 'swatch', style: { '--swatch': e.value } }, e.value);
    default:
      return e.text ?? '';
  }
}

// words keeps the line breaks of a run of text.
function words(text) {
  return String(text ?? '')
    .split('\n')
    .flatMap((line, i) => (i ? [h('br'), ...dress(line)] : dress(line)));
}

const tags = { bold: 'strong', italic: 'em', strike: 's', code: 'code', underline: 'u' };

function styled(node, style) {
  return Object.entries(tags).reduce((inner, [name, tag]) => (style?.[name] ? h(tag, {}, inner) : inner), node);
}

// markdown renders the markdown block: headings, lists, fences, quotes, rules, tables and inline marks.
export function markdown(text) {
  const out = h('div', { class: 'rich-text markdown' });
  const lines = String(text ?? '').split('\n');
  for (let i = 0; i < lines.length;) {
    const used =
      fence(out, lines, i) ||
      heading(out, lines, i) ||
      rule(out, lines, i) ||
      quoted(out, lines, i) ||
      table(out, lines, i) ||
      items(out, lines, i) ||
      paragraph(out, lines, i);
    i += used;
  }
  return out;
}

function fence(out, lines, i) {
  if (!/^\s*```/.test(lines[i])) return 0;
  let end = i + 1;
  while (end < lines.length && !/^\s*```/.test(lines[end])) end++;
  out.append(h('pre', { class: 'code-block' }, lines.slice(i + 1, end).join('\n')));
  return end - i + 1;
}

function heading(out, lines, i) {
  const match = /^(#{1,6})\s+(.*)$/.exec(lines[i]);
  if (!match) return 0;
  out.append(
    h(
      'p',
      { class: `md-heading level-${match[1].length}`, role: 'heading', 'aria-level': match[1].length + 2 },
      marked(match[2]),
    ),
  );
  return 1;
}

function rule(out, lines, i) {
  if (!/^\s*([-*_])(\s*\1){2,}\s*$/.test(lines[i])) return 0;
  out.append(h('hr'));
  return 1;
}

function quoted(out, lines, i) {
  const run = take(lines, i, /^>\s?/);
  if (run.length) out.append(h('blockquote', {}, broken(run.map((l) => l.replace(/^>\s?/, '')))));
  return run.length;
}

const bullet = /^\s*(?:[-*+]|\d+[.)])\s+/;

function items(out, lines, i) {
  const run = take(lines, i, bullet);
  if (!run.length) return 0;
  const ordered = /^\s*\d/.test(run[0]);
  out.append(
    h(
      ordered ? 'ol' : 'ul',
      { class: 'rich-list' },
      run.map((l) => h('li', {}, marked(l.replace(bullet, '')))),
    ),
  );
  return run.length;
}

function table(out, lines, i) {
  const run = take(lines, i, /^\s*\|.*\|\s*$/);
  if (run.length < 2 || !/^[\s|:-]+$/.test(run[1])) return 0;
  const cells = (line) =>
    line
      .trim()
      .slice(1, -1)
      .split('|')
      .map((c) => marked(c.trim()));
  out.append(
    h(
      'table',
      { class: 'table' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          cells(run[0]).map((c) => h('th', {}, c)),
        ),
      ),
      h(
        'tbody',
        {},
        run.slice(2).map((l) =>
          h(
            'tr',
            {},
            cells(l).map((c) => h('td', {}, c)),
          ),
        ),
      ),
    ),
  );
  return run.length;
}

function paragraph(out, lines, i) {
  if (!lines[i].trim()) return 1;
  let end = i + 1;
  while (
    end < lines.length &&
    lines[end].trim() &&
    !/^(#{1,6}\s|\s*```|>|\|)/.test(lines[end]) &&
    !bullet.test(lines[end])
  )
    end++;
  out.append(h('p', {}, broken(lines.slice(i, end))));
  return end - i;
}

function take(lines, from, pattern) {
  let end = from;
  while (end < lines.length && pattern.test(lines[end])) end++;
  return lines.slice(from, end);
}

const broken = (list) => list.flatMap((line, i) => (i ? [h('br'), marked(line)] : [marked(line)]));

const inlineMark =
  /`([^`]+)`|\*\*(.+?)\*\*|__(.+?)__|~~(.+?)~~|\*([^*\s][^*]*)\*|(?<!\w)_([^_\s][^_]*)_(?!\w)|\[([^\]]+)\]\(([^)\s]+)\)|:([a-z0-9_+-]+):|<(https?:[^>\s]+)>/;

function marked(text) {
  const nodes = [];
  let rest = text;
  for (let match = inlineMark.exec(rest); match; match = inlineMark.exec(rest)) {
    if (match.index) nodes.push(...dress(rest.slice(0, match.index)));
    nodes.push(markNode(match));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest) nodes.push(...dress(rest));
  return nodes;
}

function markNode([whole, code, bold, bold2, strike, italic, italic2, label, address, name, bare]) {
  if (code) return h('code', {}, code);
  if (bold ?? bold2) return h('strong', {}, marked(bold ?? bold2));
  if (strike) return h('s', {}, marked(strike));
  if (italic ?? italic2) return h('em', {}, marked(italic ?? italic2));
  if (label) return link(address, marked(label));
  if (bare) return link(bare, bare);
  return emoji(name) ?? whole;
}

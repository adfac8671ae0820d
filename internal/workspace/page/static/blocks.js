// Block Kit layout blocks to elements, for messages, modals and the home page alike.

import { h, icon } from './dom.js';
import { element } from './elements.js';
import { flat, link, mrkdwn, textObject } from './mrkdwn.js';
import { markdown, richText } from './richtext.js';

// blocks draws a list of blocks within a context (see context.js).
export function blocks(list, ctx) {
  return (list ?? []).map((block) =>
    h('div', { class: `block block-${block.type}`, 'data-block-id': block.block_id }, one(block, ctx.within(block))),
  );
}

function one(block, ctx) {
  const draw = makers[block.type];
  return draw ? draw(block, ctx) : h('p', { class: 'unknown' }, `This page cannot show ${block.type} blocks.`);
}

const makers = {
  section,
  header: (b) => h('h3', {}, textObject(b.text)),
  divider: () => h('hr'),
  context: (b) =>
    h(
      'div',
      { class: 'context' },
      (b.elements ?? []).map((e) =>
        e.type === 'image' ? picture(e, 'tiny') : h('span', { class: 'context-text' }, textObject(e)),
      ),
    ),
  actions: (b, ctx) =>
    h(
      'div',
      { class: 'actions' },
      (b.elements ?? []).map((e) => element(e, ctx)),
    ),
  context_actions: (b, ctx) =>
    h(
      'div',
      { class: 'actions quiet' },
      (b.elements ?? []).map((e) => element(e, ctx)),
    ),
  input,
  image: (b) => h('figure', {}, b.title && h('figcaption', {}, textObject(b.title)), picture(b, 'wide')),
  rich_text: (b) => richText(b),
  markdown: (b) => markdown(b.text),
  table: (b) => table(b),
  data_table: (b) => h('figure', {}, b.caption && h('figcaption', {}, textObject(b.caption)), table(b)),
  video: (b) =>
    h(
      'div',
      { class: 'video' },
      icon('play'),
      h(
        'div',
        {},
        h('strong', {}, b.title_url ? link(b.title_url, textObject(b.title)) : textObject(b.title)),
        b.description && h('div', {}, textObject(b.description)),
      ),
    ),
  alert: (b) =>
    h(
      'div',
      { class: `alert-block ${b.level ?? b.style ?? ''}`, role: 'note' },
      icon('alert'),
      h('div', {}, textObject(b.text)),
    ),
  file: (b) => h('p', { class: 'unknown' }, `File ${b.external_id ?? ''}`),
  call: () => h('p', { class: 'unknown' }, 'A call'),
  task_card: (b) =>
    h(
      'div',
      { class: `task ${b.status}` },
      h('strong', {}, textObject(b.title)),
      b.details && richText(b.details),
      b.output && richText(b.output),
    ),
  plan: (b, ctx) =>
    h(
      'div',
      { class: 'plan' },
      h('strong', {}, textObject(b.title)),
      (b.tasks ?? []).map((t) => one({ type: 'task_card', ...t }, ctx)),
    ),
};

function section(block, ctx) {
  const body = h(
    'div',
    { class: 'section-body' },
    block.text && h('div', { class: 'text' }, textObject(block.text)),
    block.fields &&
      h(
        'div',
        { class: 'fields' },
        block.fields.map((f) => h('div', { class: 'field' }, textObject(f))),
      ),
  );
  if (!block.accessory) return body;
  const accessory =
    block.accessory.type === 'image' ? picture(block.accessory, 'thumb') : element(block.accessory, ctx);
  return h('div', { class: 'section' }, body, h('div', { class: 'accessory' }, accessory));
}

function input(block, ctx) {
  const error = ctx.errorOf?.(block);
  const label = flat(block.label);
  return h(
    'div',
    { class: `field-row ${error ? 'in-error' : ''}` },
    h(
      'div',
      { class: 'label' },
      textObject(block.label),
      block.optional && h('span', { class: 'optional' }, ' (optional)'),
    ),
    element(block.element, { ...ctx, labelOf: () => label }),
    error && h('p', { class: 'error', role: 'alert', 'data-testid': 'input-error' }, icon('alert'), error),
    block.hint && h('p', { class: 'hint' }, textObject(block.hint)),
  );
}

// picture shows an image from this page's own origin; anything else stays a captioned frame, since
// the page makes no request to the outside.
function picture(e, className) {
  const own =
    (e.image_url ?? '').startsWith('data:') ||
    (e.image_url ?? '').startsWith(location.origin) ||
    (e.image_url ?? '').startsWith('/');
  if (own) return h('img', { class: `picture ${className}`, src: e.image_url, alt: e.alt_text ?? '' });
  return h(
    'span',
    { class: `picture frame ${className}`, role: 'img', 'aria-label': e.alt_text, title: e.alt_text },
    className === 'wide' ? e.alt_text : (e.alt_text ?? '?')[0],
  );
}

function table(block) {
  const rows = block.rows ?? [];
  const align = (i) => ({
    class: `align-${block.column_settings?.[i]?.align ?? 'left'} ${block.column_settings?.[i]?.is_wrapped ? 'wraps' : ''}`,
  });
  const cell = (c) => {
    if (typeof c === 'string') return c;
    if (c?.type === 'rich_text') return richText(c);
    if (c?.type === 'mrkdwn') return mrkdwn(c.text);
    return String(c?.text ?? c?.value ?? '');
  };
  // A sentence in a narrow column is a tower of words: it is given room, and the table scrolls.
  const drawn = (tag, c, i) => {
    const td = h(tag, align(i), cell(c));
    td.classList.toggle('long', td.textContent.length > 40);
    return td;
  };
  const row = (tag) => (cells) =>
    h(
      'tr',
      {},
      (cells.cells ?? cells).map((c, i) => drawn(tag, c, i)),
    );
  return h(
    'div',
    { class: 'table-frame' },
    h(
      'table',
      { class: 'table' },
      rows.length > 0 && h('thead', {}, row('th')(rows[0])),
      h('tbody', {}, rows.slice(1).map(row('td'))),
    ),
  );
}

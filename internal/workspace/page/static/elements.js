// The interactive elements of Block Kit. Each calls ctx.act(element, fields) when a person uses it,
// where ctx belongs to the message, modal or home page it stands in.

import { h, icon } from './dom.js';
import { confirmed } from './confirm.js';
import { link, textObject, flat } from './mrkdwn.js';
import { picker, matching } from './picker.js';
import { menu } from './popover.js';
import { channelOf, facts, nameOf, person } from './store.js';

// element draws one interactive element of a block.
export function element(e, ctx) {
  const draw = makers[e.type];
  if (!draw) return h('span', { class: 'unknown' }, `This page cannot show ${e.type}.`);
  return withTrouble(draw(e, ctx), e, ctx);
}

const hooks = (e) => ({ 'data-testid': 'action', 'data-action-id': e.action_id });

// withTrouble puts the warning mark beside an element whose press nobody acknowledged.
function withTrouble(node, e, ctx) {
  const trouble = ctx.troubleOf?.(e);
  if (!trouble) return node;
  const text = trouble.text || 'This did not work. Try again.';
  return h(
    'span',
    { class: 'with-trouble' },
    node,
    h(
      'span',
      { class: 'trouble-mark', role: 'img', 'data-testid': 'trouble', 'aria-label': text, title: text },
      icon('alert'),
    ),
  );
}

const makers = {
  button,
  workflow_button: button,
  icon_button: (e, ctx) =>
    h(
      'button',
      {
        type: 'button',
        class: 'icon-button framed',
        ...hooks(e),
        'aria-label': flat(e.text),
        title: flat(e.text),
        onclick: () => act(e, ctx, { value: e.value }),
      },
      textObject(e.text),
    ),
  feedback_buttons: (e, ctx) =>
    h(
      'span',
      { class: 'feedback' },
      [e.positive_button, e.negative_button]
        .filter(Boolean)
        .map((b) =>
          h(
            'button',
            { type: 'button', class: 'button small', ...hooks(e), onclick: () => act(e, ctx, { value: b.value }) },
            textObject(b.text),
          ),
        ),
    ),
  overflow,
  static_select: (e, ctx) => select(e, ctx, staticSource(e), 'selected_option'),
  external_select: (e, ctx) => select(e, ctx, ctx.ask?.(e), 'selected_option', { minQuery: e.min_query_length ?? 3 }),
  users_select: (e, ctx) => select(e, ctx, peopleSource, 'selected_user', { initial: e.initial_user, bare: true }),
  conversations_select: (e, ctx) =>
    select(e, ctx, conversationSource, 'selected_conversation', {
      initial:
        e.initial_conversation ??
        (e.default_to_current_conversation ? (ctx.channel ?? facts.place.channel) : undefined),
      bare: true,
    }),
  channels_select: (e, ctx) =>
    select(e, ctx, channelSource, 'selected_channel', { initial: e.initial_channel, bare: true }),
  multi_static_select: (e, ctx) => select(e, ctx, staticSource(e), 'selected_options', { multi: true }),
  multi_external_select: (e, ctx) =>
    select(e, ctx, ctx.ask?.(e), 'selected_options', { multi: true, minQuery: e.min_query_length ?? 3 }),
  multi_users_select: (e, ctx) =>
    select(e, ctx, peopleSource, 'selected_users', { multi: true, initial: e.initial_users, bare: true }),
  multi_conversations_select: (e, ctx) =>
    select(e, ctx, conversationSource, 'selected_conversations', {
      multi: true,
      initial: e.initial_conversations,
      bare: true,
    }),
  multi_channels_select: (e, ctx) =>
    select(e, ctx, channelSource, 'selected_channels', { multi: true, initial: e.initial_channels, bare: true }),
  datepicker: (e, ctx) => native(e, ctx, 'date', 'selected_date', e.initial_date),
  timepicker: (e, ctx) => native(e, ctx, 'time', 'selected_time', e.initial_time),
  datetimepicker: (e, ctx) =>
    native(e, ctx, 'datetime-local', 'selected_date_time', localMoment(e.initial_date_time), (v) =>
      v ? Math.floor(new Date(v).getTime() / 1000) : null,
    ),
  checkboxes: (e, ctx) => choices(e, ctx, 'checkbox'),
  radio_buttons: (e, ctx) => choices(e, ctx, 'radio'),
  plain_text_input: (e, ctx) => text(e, ctx, 'text'),
  email_text_input: (e, ctx) => text(e, ctx, 'email'),
  url_text_input: (e, ctx) => text(e, ctx, 'url'),
  number_input: (e, ctx) => text(e, ctx, 'number'),
  rich_text_input: (e, ctx) => text({ ...e, multiline: true }, ctx, 'rich'),
  file_input: fileInput,
};

async function act(e, ctx, fields) {
  if (e.confirm && !(await confirmed(e.confirm))) return false;
  ctx.act(e, fields);
  return true;
}

function button(e, ctx) {
  const busy = ctx.busyOf?.(e);
  const node = h(
    'button',
    {
      type: 'button',
      class: `button ${e.style ?? ''} ${busy ? 'busy' : ''}`,
      ...hooks(e),
      'data-block-id': ctx.block?.block_id,
      'aria-label': e.accessibility_label,
      'aria-busy': busy ? 'true' : undefined,
      onclick: () => {
        if (e.url) window.open(safe(e.url), '_blank', 'noopener');
        act(e, ctx, { value: e.value });
      },
    },
    h('span', {}, textObject(e.text)),
    e.url && h('span', { class: 'leaves', 'aria-hidden': 'true' }, '↗'),
  );
  return node;
}

const safe = (url) => link(url, '').href || 'about:blank';

function overflow(e, ctx) {
  const node = h(
    'button',
    { type: 'button', class: 'icon-button framed', ...hooks(e), 'aria-haspopup': 'menu', 'aria-label': 'More actions' },
    icon('more'),
  );
  node.addEventListener('click', () =>
    menu(
      node,
      (e.options ?? []).map((o) => ({
        label: textObject(o.text),
        hint: o.description && textObject(o.description),
        run: () => {
          if (o.url) window.open(safe(o.url), '_blank', 'noopener');
          act(e, ctx, { selected_option: o });
        },
      })),
      { label: 'More actions' },
    ),
  );
  return node;
}

const optionsOf = (e) => [...(e.options ?? []), ...(e.option_groups ?? []).flatMap((g) => g.options)];

const staticSource = (e) => (query) =>
  e.option_groups
    ? e.option_groups
        .map((g) => ({ label: g.label, options: matching(g.options, query) }))
        .filter((g) => g.options.length)
    : [{ options: matching(e.options ?? [], query) }];

const asOption = (value, text, keywords) => ({ value, text: { type: 'plain_text', text }, keywords });
const personOption = (u) => asOption(u.id, nameOf(u), u.name);
const channelOption = (c) =>
  asOption(c.id, c.is_im ? nameOf(person(c.user ?? (c.members ?? []).find((m) => m !== facts.me))) : `#${c.name}`);
const peopleSource = (query) => [
  { options: matching([...facts.users.values()].filter((u) => !u.deleted).map(personOption), query) },
];
const channelSource = (query) => [
  { options: matching(facts.channels.filter((c) => !c.is_im && !c.is_private).map(channelOption), query) },
];
const conversationSource = (query) => [{ options: matching(facts.channels.map(channelOption), query) }];

function named(value) {
  if (facts.users.has(value)) return personOption(person(value));
  const channel = channelOf(value);
  return channel ? channelOption(channel) : asOption(value, value);
}

// select draws any select menu; bare ones report ids instead of option objects.
function select(e, ctx, source, field, { multi = false, initial, bare = false, minQuery = 0 } = {}) {
  const held = ctx.value(e, field, initial ?? (multi ? e.initial_options : e.initial_option));
  const list = (multi ? (held ?? []) : [held]).filter(Boolean);
  return picker({
    placeholder: flat(e.placeholder) || 'Select an option',
    multi,
    max: e.max_selected_items,
    minQuery,
    chosen: bare ? list.map(named) : list,
    source: source ?? (() => [{ options: optionsOf(e) }]),
    searchable: bare || e.type.includes('external') || optionsOf(e).length > 6,
    attributes: hooks(e),
    label: ctx.labelOf?.(e) ?? flat(e.placeholder),
    onchange: async (picked) => {
      const clean = picked.map(({ keywords, ...o }) => (bare ? o.value : o));
      if (!(await act(e, ctx, { [field]: multi ? clean : clean[0] }))) ctx.redraw?.();
    },
  });
}

function native(e, ctx, type, field, initial, read = (v) => v || null) {
  return h('input', {
    type,
    class: 'input narrow',
    ...hooks(e),
    'aria-label': ctx.labelOf?.(e) ?? flat(e.placeholder) ?? type,
    value: shown(ctx.value(e, field, initial), type),
    onchange: (event) => act(e, ctx, { [field]: read(event.target.value) }),
  });
}

const shown = (value, type) =>
  type === 'datetime-local' && typeof value === 'number' ? localMoment(value) : (value ?? '');

function localMoment(epoch) {
  if (!epoch) return '';
  const date = new Date(epoch * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

// fileInput takes a file from the person's device and keeps its name and its text.
function fileInput(e, ctx) {
  const held = ctx.value(e, 'files', []) ?? [];
  const said = h('span', { class: 'hint', 'data-testid': 'file-name' }, held.map((f) => f.name).join(', '));
  return h(
    'div',
    { class: 'file-input' },
    h('input', {
      type: 'file',
      ...hooks(e),
      'aria-label': ctx.labelOf?.(e),
      accept: e.filetypes?.map((t) => `.${t}`).join(','),
      multiple: (e.max_files ?? 10) > 1,
      onchange: async (event) => {
        const given = [...event.target.files].slice(0, e.max_files ?? 10);
        const files = await Promise.all(given.map(async (f) => ({ name: f.name, content: await f.text() })));
        ctx.keep(e, { files });
        said.textContent = files.map((f) => f.name).join(', ');
      },
    }),
    said,
  );
}

let choiceGroups = 0;

function choices(e, ctx, type) {
  const many = type === 'checkbox';
  const field = many ? 'selected_options' : 'selected_option';
  const held = ctx.value(e, field, many ? e.initial_options : e.initial_option);
  let picked = (many ? (held ?? []) : [held]).filter(Boolean);
  const name = `choice-${++choiceGroups}`;
  return h(
    'div',
    { class: 'choices', role: many ? 'group' : 'radiogroup', ...hooks(e), 'aria-label': ctx.labelOf?.(e) },
    (e.options ?? []).map((o) =>
      h(
        'label',
        { class: 'choice' },
        h('input', {
          type,
          name,
          value: o.value,
          checked: picked.some((p) => p.value === o.value),
          onchange: (event) => {
            picked = many ? (event.target.checked ? [...picked, o] : picked.filter((p) => p.value !== o.value)) : [o];
            act(e, ctx, { [field]: many ? picked : o });
          },
        }),
        h(
          'span',
          {},
          textObject(o.text),
          o.description && h('span', { class: 'option-hint' }, textObject(o.description)),
        ),
      ),
    ),
  );
}

function text(e, ctx, type) {
  const rich = type === 'rich';
  const field = rich ? 'rich_text_value' : 'value';
  const value = ctx.value(e, field, rich ? undefined : e.initial_value) ?? '';
  const props = {
    class: 'input',
    ...hooks(e),
    placeholder: flat(e.placeholder),
    'aria-label': ctx.labelOf?.(e),
    value: rich ? plainOf(value) : value,
    minlength: e.min_length,
    maxlength: e.max_length,
    min: e.min_value,
    max: e.max_value,
    step: type === 'number' && e.is_decimal_allowed ? 'any' : undefined,
    autofocus: e.focus_on_load,
    oninput: (event) => ctx.keep(e, { [field]: rich ? richOf(event.target.value) : event.target.value || null }),
    onkeydown: (event) =>
      event.key === 'Enter' &&
      !e.multiline &&
      e.dispatch_action_config !== undefined &&
      ctx.act(e, { value: event.target.value }),
  };
  return e.multiline
    ? h('textarea', { rows: 4, ...props })
    : h('input', {
        type: type === 'number' ? 'number' : 'text',
        inputmode: type === 'number' ? 'decimal' : undefined,
        ...props,
      });
}

const plainOf = (value) =>
  (value?.elements ?? [])
    .flatMap((s) => s.elements ?? [])
    .map((x) => x.text ?? '')
    .join('');
const richOf = (words) => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: words }] }],
});

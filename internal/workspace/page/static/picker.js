// A select menu with search: one choice or many, from a list at hand or asked from the app.

import { append, fill, h, icon } from './dom.js';
import { flat, textObject } from './mrkdwn.js';
import { closePopover, openAnchor, popover } from './popover.js';

// picker makes the control. source gives groups of options [{label, options: [{value, text, description}]}]
// for a typed query; onchange hears the chosen options.
export function picker({
  placeholder,
  multi,
  max,
  chosen,
  source,
  searchable = true,
  minQuery = 0,
  attributes = {},
  label,
  onchange,
}) {
  let picked = [...(chosen ?? [])];
  const face = h('button', {
    type: 'button',
    class: `picker ${multi ? 'multi' : ''}`,
    role: 'combobox',
    'aria-haspopup': 'listbox',
    'aria-expanded': 'false',
    'aria-label': label,
    ...attributes,
  });
  const paint = () =>
    fill(
      face,
      picked.length
        ? multi
          ? picked.map((o) => h('span', { class: 'chip' }, words(o)))
          : h('span', { class: 'picked' }, words(picked[0]))
        : h('span', { class: 'placeholder' }, placeholder),
      icon('caret'),
    );
  const toggle = (option) => {
    const at = picked.findIndex((o) => o.value === option.value);
    if (!multi) picked = [option];
    else if (at >= 0) picked.splice(at, 1);
    else if (!max || picked.length < max) picked.push(option);
    paint();
    if (!multi) closePopover();
  };
  face.addEventListener('click', () => {
    if (openAnchor() === face) return closePopover();
    const before = JSON.stringify(picked);
    openList({
      face,
      source,
      searchable,
      minQuery,
      multi,
      label,
      picked: () => picked,
      toggle: (o) => {
        toggle(o);
        if (!multi) onchange(picked);
      },
      done: () => multi && JSON.stringify(picked) !== before && onchange(picked),
    });
  });
  face.addEventListener('keydown', (event) => {
    if (['ArrowDown', 'ArrowUp'].includes(event.key)) {
      event.preventDefault();
      face.click();
    }
  });
  paint();
  return face;
}

const words = (option) => textObject(option.text ?? option.label ?? option.value);

function openList({ face, source, searchable, minQuery, multi, label, picked, toggle, done }) {
  const list = h('div', { class: 'options', role: 'listbox', 'aria-multiselectable': multi, 'aria-label': label });
  const search = h('input', {
    type: 'text',
    class: 'picker-search',
    placeholder: 'Search',
    'aria-label': `Search ${label ?? 'options'}`,
    autocomplete: 'off',
  });
  const panel = popover(face, [searchable && search, list], { className: 'picker-panel', label, onclose: done });
  panel.style.setProperty('min-width', `${Math.max(220, face.offsetWidth)}px`);
  let active = 0;
  let shown = [];
  const paint = (groups) => {
    shown = [];
    fill(list);
    for (const group of groups) {
      if (group.label) append(list, h('div', { class: 'menu-heading' }, textObject(group.label)));
      for (const option of group.options) list.append(row(option));
    }
    if (!shown.length)
      append(
        list,
        h(
          'div',
          { class: 'empty' },
          minQuery > search.value.length ? `Type at least ${minQuery} characters.` : 'No matches.',
        ),
      );
    light(Math.min(active, shown.length - 1));
  };
  const row = (option) => {
    const on = picked().some((o) => o.value === option.value);
    const index = shown.length;
    const node = h(
      'button',
      {
        type: 'button',
        class: 'option',
        role: 'option',
        tabindex: -1,
        'data-value': option.value,
        'aria-selected': on ? 'true' : 'false',
        onclick: () => choose(index),
        onpointermove: () => light(index),
      },
      h(
        'span',
        { class: 'option-words' },
        words(option),
        option.description && h('span', { class: 'option-hint' }, textObject(option.description)),
      ),
      on && icon('check'),
    );
    shown.push({ option, node });
    return node;
  };
  const choose = (index) => {
    if (!shown[index]) return;
    active = index;
    toggle(shown[index].option);
    if (multi) ask();
  };
  const light = (index) => {
    active = Math.max(0, index);
    shown.forEach(({ node }, i) => node.classList.toggle('active', i === active));
    shown[active]?.node.scrollIntoView({ block: 'nearest' });
  };
  let turn = 0;
  const ask = async () => {
    const mine = ++turn;
    const query = search.value.trim();
    if (query.length < minQuery) return paint([]);
    const answer = source(query);
    if (answer instanceof Promise) fill(list, h('div', { class: 'empty' }, 'Loading…'));
    try {
      const groups = await answer;
      if (mine === turn) paint(groups);
    } catch {
      if (mine === turn) fill(list, h('div', { class: 'empty trouble' }, 'The options could not be loaded.'));
    }
  };
  let timer;
  search.addEventListener('input', () => {
    active = 0;
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });
  panel.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && shown.length) {
      event.preventDefault();
      light((active + step + shown.length) % shown.length);
    }
    if (event.key === 'Enter') {
      event.preventDefault();
      choose(active);
    }
    if (event.key === 'Tab') closePopover();
  });
  ask();
  (searchable ? search : panel).focus();
}

// matching filters options the way a person expects: any part of the words, in any case.
export function matching(options, query) {
  const wanted = query.toLowerCase();
  return options
    .filter((o) => !wanted || `${flat(o.text)} ${o.keywords ?? ''}`.toLowerCase().includes(wanted))
    .slice(0, 100);
}

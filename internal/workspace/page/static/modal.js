// Modals: the top of the person's stack of views, its inputs, its errors and its two ways out.

import { append, fill, h, icon } from './dom.js';
import { post } from './api.js';
import { blocks } from './blocks.js';
import { context, forget, gather } from './context.js';
import { afterPopover, closePopover, openAnchor } from './popover.js';
import { changed, facts, on } from './store.js';
import { flat, textObject } from './mrkdwn.js';

let errors = {};
let trouble = '';
let waiting = false;

// modal keeps one dialog in step with the stack of open views.
export function modal() {
  const dialog = h('dialog', { class: 'modal view', 'data-testid': 'modal', 'aria-labelledby': 'modal-title' });
  document.body.append(dialog);
  let stack = [];
  const draw = () => {
    const views = facts.views;
    stack.filter((id) => !views.some((v) => v.id === id)).forEach(forget);
    const view = views.at(-1);
    if (stack.at(-1) !== view?.id) {
      errors = {};
      trouble = '';
      waiting = false;
    }
    stack = views.map((v) => v.id);
    if (!view) {
      if (dialog.contains(openAnchor() ?? null)) closePopover();
      if (dialog.open) close(dialog);
      dialog.sign = '';
      return;
    }
    if (!dialog.open) dialog.showModal();
    if (dialog.dataset.view === view.id && dialog.contains(openAnchor() ?? null)) return afterPopover(draw);
    paint(dialog, view, views.length);
  };
  on('views people', draw);
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    leave(true);
  });
}

// close gives the focus back to where it was. A field that gets it from a dialog may be left without a cursor, and then
// takes no text: it is left and entered once more.
function close(dialog) {
  dialog.close();
  const field = document.activeElement;
  if (!field?.matches('input, textarea')) return;
  field.blur();
  field.focus();
}

function paint(dialog, view, depth) {
  const sign = JSON.stringify([
    view.id,
    view.hash,
    view.title,
    view.submit,
    view.close,
    view.blocks,
    view.errors,
    view.trouble,
    view.troubles,
    errors,
    trouble,
    waiting,
    depth,
    [...facts.busy.keys()],
  ]);
  if (dialog.sign === sign) return;
  dialog.sign = sign;
  closePopover();
  const held = hold(dialog);
  const top = dialog.querySelector('.modal-body')?.scrollTop ?? 0;
  const sameView = dialog.dataset.view === view.id;
  dialog.dataset.view = view.id;
  fill(dialog, head(view, depth), body(view), foot(view, depth));
  if (sameView) dialog.querySelector('.modal-body').scrollTop = top;
  const target =
    (held && sameView && dialog.querySelector(held.selector)) ||
    dialog.querySelector('.modal-body input, .modal-body textarea, .modal-body .picker');
  target?.focus();
  if (held && sameView && held.start !== null) target?.setSelectionRange?.(held.start, held.end);
}

// hold remembers where a person is writing, so that a form that is drawn anew does not take it from them.
function hold(dialog) {
  const at = document.activeElement;
  const block = at?.closest('[data-block-id]')?.dataset.blockId;
  if (!dialog.contains(at) || !at.dataset.actionId || !block) return undefined;
  return {
    selector: `[data-block-id="${CSS.escape(block)}"] [data-action-id="${CSS.escape(at.dataset.actionId)}"]`,
    start: at.selectionStart ?? null,
    end: at.selectionEnd ?? null,
  };
}

function head(view, depth) {
  return h(
    'header',
    {},
    h('span', { class: 'avatar app small', 'aria-hidden': 'true' }, icon('anchor')),
    h('h2', { id: 'modal-title' }, textObject(view.title)),
    depth > 1 && h('span', { class: 'depth' }, `${depth} open`),
    h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        'aria-label': 'Close',
        'data-testid': 'modal-close',
        onclick: () => leave(true),
      },
      icon('close'),
    ),
  );
}

function body(view) {
  const ctx = context(
    { view_id: view.id },
    {
      errors: { ...view.errors, ...errors },
      troubles: view.troubles ?? [],
      state: view.state?.values,
      redraw: () => changed('views'),
    },
  );
  const form = h('form', {
    class: 'modal-body',
    novalidate: true,
    onsubmit: (event) => {
      event.preventDefault();
      if (view.submit) submit(view);
    },
  });
  append(form, blocks(view.blocks, ctx));
  return form;
}

function foot(view, depth) {
  const said = trouble || view.trouble;
  return h(
    'footer',
    {},
    said && h('p', { class: 'error', role: 'alert', 'data-testid': 'modal-trouble' }, icon('alert'), said),
    h(
      'button',
      { type: 'button', class: 'button', 'data-testid': 'modal-cancel', onclick: () => leave(false) },
      view.close ? flat(view.close) : depth > 1 ? 'Back' : 'Close',
    ),
    view.submit &&
      h(
        'button',
        {
          type: 'button',
          class: `button primary ${waiting ? 'busy' : ''}`,
          'data-testid': 'modal-submit',
          disabled: waiting,
          'aria-busy': String(waiting),
          onclick: () => submit(view),
        },
        h('span', {}, textObject(view.submit)),
      ),
  );
}

async function submit(view) {
  if (waiting) return;
  errors = missing(view);
  trouble = '';
  if (Object.keys(errors).length) return changed('views');
  waiting = true;
  changed('views');
  try {
    await post('/ui/submit', { as: facts.me, view_id: view.id, values: gather(view) });
  } catch (error) {
    const still = facts.views.at(-1);
    errors = error.answer?.errors ?? {};
    if (still?.id === view.id && !Object.keys({ ...errors, ...still.errors }).length)
      trouble = still.trouble || 'We had some trouble connecting. Try again?';
  } finally {
    waiting = false;
    changed('views');
  }
}

// missing finds required inputs that are empty, as a chat client does before it asks the app.
function missing(view) {
  const held = gather(view);
  const found = {};
  for (const block of view.blocks ?? []) {
    if (block.type !== 'input' || block.optional) continue;
    const value = held[block.block_id]?.[block.element?.action_id];
    if (value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length))
      found[block.block_id] = 'Please complete this required field.';
  }
  return found;
}

async function leave(all) {
  const view = facts.views.at(-1);
  if (!view) return;
  const left = new Set((all ? facts.views : [view]).map((v) => v.id)); // another may open meanwhile
  try {
    await post('/ui/close', { as: facts.me, view_id: view.id, cleared: all });
  } catch (error) {
    console.error('closing a view', error);
  }
  facts.views = facts.views.filter((v) => !left.has(v.id));
  changed('views');
}

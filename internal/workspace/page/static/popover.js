// One floating panel at a time, next to the control that opened it.

import { h } from './dom.js';
import { whenFree } from './press.js';

const tallest = 540;

let open = null;
const waiting = new Set();

// popover shows content beside anchor. It closes on Escape, on a press outside, and when the anchor goes.
export function popover(anchor, content, { className = '', role = 'dialog', label, onclose } = {}) {
  closePopover();
  const panel = h('div', { class: `popover ${className}`, role, 'aria-label': label, tabindex: -1 }, content);
  (anchor.closest('dialog') ?? document.body).append(panel);
  anchor.setAttribute('aria-expanded', 'true');
  open = { anchor, panel, onclose };
  place(anchor, panel);
  document.addEventListener('pointerdown', outside, true);
  document.addEventListener('keydown', escape, true);
  window.addEventListener('resize', closePopover);
  return panel;
}

// closePopover closes what is open, and gives the focus back when it was inside.
export function closePopover() {
  if (!open) return;
  const { anchor, panel, onclose } = open;
  open = null;
  const inside = panel.contains(document.activeElement);
  panel.remove();
  anchor.setAttribute('aria-expanded', 'false');
  document.removeEventListener('pointerdown', outside, true);
  document.removeEventListener('keydown', escape, true);
  window.removeEventListener('resize', closePopover);
  if (inside) anchor.focus();
  onclose?.();
  const draws = [...waiting];
  waiting.clear();
  // What was chosen is told a moment after the panel is gone.
  if (draws.length) setTimeout(() => draws.forEach(whenFree));
}

// afterPopover runs a drawing once what is open has closed: whoever searches in a panel keeps it, and what they wrote.
export const afterPopover = (draw) => waiting.add(draw);

// openAnchor tells which control holds the open panel.
export const openAnchor = () => open?.anchor;

function outside(event) {
  if (open && !open.panel.contains(event.target) && !open.anchor.contains(event.target)) closePopover();
}

function escape(event) {
  if (event.key !== 'Escape') return;
  event.preventDefault();
  event.stopPropagation();
  open?.anchor.focus();
  closePopover();
}

function place(anchor, panel) {
  const box = anchor.getBoundingClientRect();
  const size = panel.getBoundingClientRect();
  const below = window.innerHeight - box.bottom;
  const above = box.top;
  const up = below < size.height + 12 && above > below;
  const room = Math.max(120, (up ? above : below) - 16);
  panel.style.setProperty('max-height', `${Math.min(room, tallest)}px`);
  const height = Math.min(size.height, room, tallest);
  panel.style.setProperty('top', `${up ? box.top - height - 6 : box.bottom + 6}px`);
  const left = Math.min(Math.max(8, box.left), Math.max(8, window.innerWidth - size.width - 8));
  panel.style.setProperty('left', `${left}px`);
}

// menu shows a list of commands: [{label, hint, danger, run, test}], with arrow keys.
export function menu(anchor, entries, options = {}) {
  const rows = entries.map((entry) =>
    entry.heading
      ? h('div', { class: 'menu-heading', role: 'presentation' }, entry.heading)
      : h(
          'button',
          {
            type: 'button',
            role: 'menuitem',
            class: `menu-item ${entry.danger ? 'danger' : ''}`,
            'data-testid': entry.test,
            onclick: () => {
              closePopover();
              entry.run();
            },
          },
          h('span', { class: 'menu-label' }, entry.label),
          entry.hint && h('span', { class: 'menu-hint' }, entry.hint),
        ),
  );
  const panel = popover(anchor, [options.head, ...rows], {
    role: 'menu',
    className: `menu ${options.className ?? ''}`,
    label: options.label,
  });
  panel.addEventListener('keydown', (event) => roam(event, [...panel.querySelectorAll('[role=menuitem]')]));
  panel.querySelector('[role=menuitem]')?.focus();
  return panel;
}

// roam moves the focus with the arrow keys among the given controls.
export function roam(event, controls) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !controls.length) return;
  event.preventDefault();
  const at = controls.indexOf(document.activeElement);
  controls[(at + step + controls.length) % controls.length].focus();
}

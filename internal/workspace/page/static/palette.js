// The colours of images: one hue for each, a legend, and a light on the servers of one of them.

import { h, reconcile } from './dom.js';

const hues = new Map();
let known = new Map();
let lit = null;

// colours gives each image a hue by its place among all images ever seen, so it never changes.
export function colours(state) {
  known = new Map((state.images ?? []).map((image) => [image.id, image]));
  const images = [...(state.images ?? [])].sort(
    (a, b) => String(a.created ?? '').localeCompare(String(b.created ?? '')) || a.id.localeCompare(b.id),
  );
  for (const image of images) if (!hues.has(image.id)) hues.set(image.id, hueAt(hues.size));
}

// The hues keep away from red, which means trouble here.
const wheel = [255, 155, 92, 310, 218, 345, 50, 185, 120, 280, 75, 330];
const hueAt = (n) => wheel[n % wheel.length] + 11 * Math.floor(n / wheel.length);

// hueOf is the hue of one image.
export function hueOf(id) {
  if (!hues.has(id)) hues.set(id, hueAt(hues.size));
  return String(hues.get(id));
}

// imageName is what people call an image.
export const imageName = (id) => known.get(id)?.name || id;

// isLit tells whether an image is the one somebody asked to see.
export const isLit = (id) => lit === id;

// legend lists the images in use, oldest first, each with its number of servers.
export function legend(root, instances) {
  const count = new Map();
  for (const i of instances) count.set(i.image, (count.get(i.image) ?? 0) + 1);
  const order = [...hues.keys()];
  const used = [...count.keys()].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  reconcile(
    root,
    used.map((id) => ({
      key: id,
      sign: JSON.stringify([imageName(id), count.get(id), lit === id]),
      make: () =>
        h(
          'div',
          { role: 'listitem' },
          h(
            'button',
            {
              type: 'button',
              class: `legend-entry ${lit === id ? 'lit' : ''}`,
              'aria-pressed': String(lit === id),
              title: id,
              style: { '--hue': hueOf(id) },
              onclick: () => {
                lit = lit === id ? null : id;
                document.querySelector('.fleet').classList.toggle('lighting', Boolean(lit));
                retint();
              },
            },
            h('span', { class: 'dot' }),
            h('span', {}, imageName(id)),
            h('span', { class: 'legend-id' }, imageName(id) === id ? '' : id),
            h('span', { class: 'legend-count' }, String(count.get(id))),
          ),
        ),
    })),
  );
}

// retint lights the squares of one image and dims the rest.
function retint() {
  document.querySelectorAll('.square').forEach((s) => s.classList.toggle('lit', s.dataset.image === lit));
  document.querySelectorAll('.legend-entry').forEach((e) => {
    const on = e.title === lit;
    e.classList.toggle('lit', on);
    e.setAttribute('aria-pressed', String(on));
  });
}

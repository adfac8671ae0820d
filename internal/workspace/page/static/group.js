// One group of the fleet strip: its servers as squares, its refresh as a bar.

import { crashMenu } from './breakage.js';
import { fill, h, reconcile } from './dom.js';
import { hueOf, imageName, isLit } from './palette.js';
import { clock } from './store.js';
import { duration } from './time.js';

// signOf changes when a group must be drawn again.
export const signOf = (g) =>
  JSON.stringify([
    g,
    (g.instances ?? []).map((i) => imageName(i.image)),
    Boolean(recent(g.refresh)),
    g.refresh && active(g.refresh.status) ? Math.floor(clock.now() / 1000) : 0,
  ]);

// groupNode draws one group, and moves its squares over when it was drawn before.
export function groupNode(g, old) {
  const node =
    old ??
    h(
      'article',
      { class: 'group', 'data-testid': 'group', 'data-name': g.name },
      h('header', {}),
      h('div', { class: 'squares' }),
      h('div', { class: 'refresh' }),
      h('div', { class: 'group-foot' }),
    );
  const [header, squares, refresh, foot] = node.children;
  const template = g.template?.name ? `${g.template.name} ${versionOf(g.template.version)}` : '';
  fill(
    header,
    h('h3', {}, g.name),
    h('span', { class: 'quiet', title: `at least ${g.min}, at most ${g.max}` }, `${g.desired} of ${g.min}–${g.max}`),
  );
  const running = recent(g.refresh);
  paintRefresh(refresh, running);
  fill(
    foot,
    running && h('span', { class: 'refresh-status' }, spaced(running.status)),
    running && active(running.status) && h('span', {}, `${Math.round(running.percent ?? 0)}%`),
    h(
      'span',
      { class: 'template', title: `Launch template ${template}` },
      running ? versionOf(g.template?.version) : template,
    ),
    g.mixed && h('span', { class: 'tag', title: 'Mixed instances policy' }, 'mixed'),
    (g.suspended ?? []).length > 0 &&
      h('span', { class: 'tag warn', title: `Suspended: ${g.suspended.join(', ')}` }, 'suspended'),
  );
  foot.className = `group-foot ${toneOf(running)}`;
  node.style.setProperty('--width', `${widthFor(g.desired)}px`);
  reconcile(
    squares,
    (g.instances ?? []).map((i) => ({
      key: i.id,
      sign: JSON.stringify([i, imageName(i.image)]),
      make: (was) => square(i, was, g),
    })),
  );
  return node;
}

// widthFor makes a group two rows high, with room for the servers a rollout adds for a while.
const widthFor = (desired) => Math.max(106, Math.min(12, Math.ceil((desired * 1.4) / 2)) * 18);

const versionOf = (v) => (/^\d+$/.test(String(v ?? '')) ? `v${v}` : (v ?? ''));

// serversNode draws the servers that belong to no group.
export function serversNode(servers) {
  return h(
    'article',
    { class: 'group servers', 'data-testid': 'group', 'data-name': 'servers' },
    h('header', { title: 'Servers that belong to no group' }, h('h3', {}, 'Servers')),
    h(
      'div',
      { class: 'servers-list' },
      servers.map((i) => h('span', { class: 'server' }, square(i), h('span', {}, i.name || i.id))),
    ),
  );
}

// square draws one instance. Its shape says its life, its edge its health, its colour its image.
function square(i, was, g) {
  const life = lifeOf(i);
  const ill = /unhealthy|impaired/i.test(i.health ?? '') && life !== 'leaving';
  const node = was ?? h('button', { type: 'button' });
  const words = [i.name || i.id, imageName(i.image), i.lifecycle || i.state, i.health, i.protected && 'protected']
    .filter(Boolean)
    .join(', ');
  node.className = ['square', life, ill && 'ill', i.protected && 'protected', isLit(i.image) && 'lit']
    .filter(Boolean)
    .join(' ');
  node.style.setProperty('--hue', hueOf(i.image));
  Object.assign(node.dataset, { testid: 'instance', id: i.id, image: i.image, state: i.lifecycle || i.state });
  node.setAttribute('aria-label', words);
  node.setAttribute('aria-haspopup', 'menu');
  node.title = words;
  node.onclick = () => crashMenu(node, i, { image: imageName(i.image), group: g?.name });
  return node;
}

function lifeOf(i) {
  const life = `${i.lifecycle ?? ''} ${i.state ?? ''}`.toLowerCase();
  if (/terminat|detach|shutting/.test(life)) return 'leaving';
  if (/standby/.test(life)) return 'standby';
  if (/pending/.test(life)) return 'coming';
  if (/stop/.test(life)) return 'stopped';
  return 'serving';
}

// active tells whether a refresh still runs.
export const active = (status) => /pending|inprogress|cancelling|baking|rollbackinprogress/i.test(status ?? '');

// recent is a refresh worth showing: one that runs, or that ended within a quarter of an hour.
function recent(refresh) {
  if (!refresh?.id) return null;
  const ended = Date.parse(refresh.ended ?? '');
  return active(refresh.status) || !ended || clock.now() - ended < 15 * 60_000 ? refresh : null;
}

function toneOf(refresh) {
  if (!refresh) return '';
  const tones = [
    [/fail/i, 'bad'],
    [/rollback/i, 'back'],
    [/success/i, 'good'],
    [/cancel/i, 'off'],
  ];
  return tones.find(([pattern]) => pattern.test(refresh.status))?.[1] ?? 'moving';
}

// paintRefresh draws the progress bar. Its room is kept when there is none, so that nothing jumps.
function paintRefresh(root, refresh) {
  root.className = `refresh ${toneOf(refresh)}`;
  if (!refresh) return fill(root);
  if (!root.firstChild)
    root.append(
      h('div', { class: 'bar', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 }, h('span', {})),
    );
  const bar = root.firstChild;
  const percent = Math.round(refresh.percent ?? 0);
  const since =
    active(refresh.status) && refresh.started
      ? `for ${duration((clock.now() - Date.parse(refresh.started)) / 1000)}`
      : '';
  bar.setAttribute('aria-valuenow', String(percent));
  bar.setAttribute('aria-label', `Refresh ${refresh.status}`);
  bar.title = [spaced(refresh.status), since, refresh.reason].filter(Boolean).join(', ');
  bar.firstChild.style.setProperty('width', `${percent}%`);
  return root;
}

const statusWords = {
  InProgress: 'Rolling',
  RollbackInProgress: 'Rolling back',
  RollbackSuccessful: 'Rolled back',
  Successful: 'Done',
};

const spaced = (status) =>
  statusWords[status] ??
  String(status ?? '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/^./, (c) => c.toUpperCase());

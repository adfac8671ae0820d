// The fleet strip: every group as a row of squares, coloured by image, beside the conversation.

import { get, listen } from './api.js';
import { fill, h, icon, reconcile } from './dom.js';
import { clockControls, readClock } from './clock.js';
import { alarmMenu, awsMenu, crashMenu, slackMenu } from './breakage.js';
import { clock } from './store.js';
import { duration } from './time.js';

const view = { state: null, environments: [], hues: new Map(), lit: null };
const collapsedKey = 'workspace.fleet';

// fleet fills the strip and follows the cloud's stream of states.
export function fleet(root) {
  const parts = frame(root);
  const take = (state) => {
    view.state = state;
    const now = Date.parse(state.now ?? '');
    if (now) clock.set(now);
    paint(parts);
  };
  follow(take);
  get('/info').then((info) => {
    view.environments = info.environments ?? [];
    if (view.state) paint(parts);
  }, () => {});
  readClock();
  setInterval(() => view.state && paint(parts), 1000);
  setInterval(() => document.hidden || readClock(), 5000);
}

// follow listens while the page is seen: a browser allows few streams at once, and a page nobody
// looks at leaves its own to others.
function follow(take) {
  let source = null;
  const turn = () => {
    source?.close();
    source = document.hidden ? null : listen('/fleet/events', { onopen: () => get('/fleet/state').then(take, () => {}), onevent: take });
  };
  document.addEventListener('visibilitychange', turn);
  turn();
}

function frame(root) {
  const toggle = h('button', { type: 'button', class: 'fleet-toggle', 'data-testid': 'fleet-toggle', 'aria-controls': 'fleet-body' }, icon('caret'), 'Fleet');
  const summary = h('div', { class: 'fleet-summary' });
  const legend = h('div', { class: 'legend', role: 'list', 'aria-label': 'Images' });
  const body = h('div', { class: 'fleet-body', id: 'fleet-body' });
  const tools = h('div', { class: 'fleet-tools' }, clockControls(),
    tool('bolt', 'AWS', 'Break AWS', 'break-aws', (b) => awsMenu(b, view.state)),
    tool('plug', 'Slack', 'Disturb Slack’s sockets', 'break-slack', slackMenu),
    tool('bell', 'Alarms', 'Alarms', 'alarms', (b) => alarmMenu(b, view.state)));
  root.append(h('div', { class: 'fleet-bar' }, toggle, summary, tools), h('div', { class: 'fleet-scroll' }, legend, body));
  const collapse = (yes) => {
    root.classList.toggle('collapsed', yes);
    toggle.setAttribute('aria-expanded', String(!yes));
    localStorage.setItem(collapsedKey, yes ? 'closed' : 'open');
  };
  collapse((localStorage.getItem(collapsedKey) ?? (window.innerHeight < 620 || window.innerWidth < 760 ? 'closed' : 'open')) === 'closed');
  toggle.addEventListener('click', () => collapse(!root.classList.contains('collapsed')));
  return { root, summary, legend, body, tools };
}

function tool(face, words, label, test, run) {
  const node = h('button', { type: 'button', class: 'tool', 'aria-haspopup': 'menu', 'aria-expanded': 'false', title: label, 'data-testid': test }, icon(face), h('span', { class: 'tool-words' }, words), h('span', { class: 'count', hidden: true }));
  node.addEventListener('click', () => run(node));
  return node;
}

function paint({ summary, legend, body, tools }) {
  const state = view.state;
  colours(state);
  paintLegend(legend, state);
  paintSummary(summary, state);
  mark(tools.querySelector('[data-testid=break-aws] .count'), (state.faults ?? []).length);
  mark(tools.querySelector('[data-testid=alarms] .count'), (state.alarms ?? []).filter((a) => a.state === 'ALARM').length);
  reconcile(body, environments(state).map((env) => ({ key: env.key, sign: env.title, make: () => environmentNode(env) })));
  for (const env of environments(state)) {
    const node = body.querySelector(`[data-key="${CSS.escape(env.key)}"] .groups`);
    const cards = env.groups.map((g) => ({ key: g.name, sign: signOf(g), make: (old) => groupNode(g, old) }));
    if (env.servers.length) cards.push({ key: ' servers', sign: JSON.stringify([env.servers, view.lit, names()]), make: () => serversNode(env.servers) });
    reconcile(node, cards);
  }
}

function mark(badge, count) {
  badge.hidden = !count;
  badge.textContent = String(count);
}

// colours gives each image a hue by its place among all images ever seen, so it never changes.
function colours(state) {
  const images = [...(state.images ?? [])].sort((a, b) => String(a.created ?? '').localeCompare(String(b.created ?? '')) || a.id.localeCompare(b.id));
  for (const image of images) if (!view.hues.has(image.id)) view.hues.set(image.id, hueAt(view.hues.size));
}

// The hues keep away from red, which means trouble here.
const wheel = [255, 155, 92, 310, 218, 345, 50, 185, 120, 280, 75, 330];
const hueAt = (n) => wheel[n % wheel.length] + 11 * Math.floor(n / wheel.length);

function hueOf(id) {
  if (!view.hues.has(id)) view.hues.set(id, hueAt(view.hues.size));
  return String(view.hues.get(id));
}

const imageOf = (id) => (view.state.images ?? []).find((i) => i.id === id);
const imageName = (id) => imageOf(id)?.name || id;
const names = () => (view.state.images ?? []).length;

function paintLegend(root, state) {
  const count = new Map();
  for (const i of allInstances(state)) count.set(i.image, (count.get(i.image) ?? 0) + 1);
  const order = [...view.hues.keys()];
  const used = [...count.keys()].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  reconcile(root, used.map((id) => ({
    key: id, sign: JSON.stringify([imageName(id), count.get(id), view.lit === id]),
    make: () => h('div', { role: 'listitem' }, h('button', { type: 'button', class: `legend-entry ${view.lit === id ? 'lit' : ''}`, 'aria-pressed': String(view.lit === id), title: id, style: { '--hue': hueOf(id) },
      onclick: () => {
        view.lit = view.lit === id ? null : id;
        document.querySelector('.fleet').classList.toggle('lighting', Boolean(view.lit));
        retint();
      } }, h('span', { class: 'dot' }), h('span', {}, imageName(id)), h('span', { class: 'legend-id' }, imageName(id) === id ? '' : id), h('span', { class: 'legend-count' }, String(count.get(id))))),
  })));
}

// retint lights the squares of one image and dims the rest.
function retint() {
  document.querySelectorAll('.square').forEach((s) => s.classList.toggle('lit', s.dataset.image === view.lit));
  document.querySelectorAll('.legend-entry').forEach((e) => {
    const on = e.title === view.lit;
    e.classList.toggle('lit', on);
    e.setAttribute('aria-pressed', String(on));
  });
}

const allInstances = (state) => [...(state.groups ?? []).flatMap((g) => g.instances ?? []), ...(state.instances ?? [])].filter((i) => i.state !== 'terminated');

function paintSummary(root, state) {
  const all = allInstances(state);
  const ill = all.filter((i) => /unhealthy/i.test(i.health ?? '')).length;
  const moving = (state.groups ?? []).filter((g) => g.refresh && active(g.refresh.status));
  fill(root, h('span', {}, `${all.length} servers in ${(state.groups ?? []).length} groups`),
    ill > 0 && h('span', { class: 'summary-bad' }, `${ill} unhealthy`),
    moving.map((g) => h('span', { class: 'summary-move' }, `${g.name} ${g.refresh.percent ?? 0}%`)));
}

function environments(state) {
  const found = new Map();
  const at = (x) => {
    const key = `${x.account ?? ''}/${x.region ?? ''}`;
    if (!found.has(key)) found.set(key, { key, title: titleOf(x), groups: [], servers: [] });
    return found.get(key);
  };
  for (const g of state.groups ?? []) at(g).groups.push(g);
  for (const i of state.instances ?? []) if (i.state !== 'terminated') at(i).servers.push(i);
  const rank = (e) => view.environments.findIndex((v) => `${v.account}/${v.region}` === e.key);
  return [...found.values()].sort((a, b) => rank(a) - rank(b));
}

function titleOf(x) {
  const known = view.environments.find((e) => e.account === x.account && e.region === x.region);
  return JSON.stringify([known?.name ?? x.account ?? 'fleet', x.region ?? '', x.account ?? '']);
}

function environmentNode(env) {
  const [name, region, account] = JSON.parse(env.title);
  return h('section', { class: 'environment', 'aria-label': name }, h('h2', {}, name, h('span', { class: 'quiet' }, ` ${region}`), h('span', { class: 'quiet account' }, account === name ? '' : ` ${account}`)), h('div', { class: 'groups' }));
}

const signOf = (g) => JSON.stringify([g, names(), Boolean(recent(g.refresh)), g.refresh && active(g.refresh.status) ? Math.floor(clock.now() / 1000) : 0]);

// groupNode draws one group, and moves its squares over when it was drawn before.
function groupNode(g, old) {
  const node = old ?? h('article', { class: 'group', 'data-testid': 'group', 'data-name': g.name }, h('header', {}), h('div', { class: 'squares' }), h('div', { class: 'refresh' }), h('div', { class: 'group-foot' }));
  const [header, squares, refresh, foot] = node.children;
  const template = g.template?.name ? `${g.template.name} ${versionOf(g.template.version)}` : '';
  fill(header, h('h3', {}, g.name), h('span', { class: 'quiet', title: `at least ${g.min}, at most ${g.max}` }, `${g.desired} of ${g.min}–${g.max}`));
  const running = recent(g.refresh);
  paintRefresh(refresh, running);
  fill(foot, running && h('span', { class: 'refresh-status' }, spaced(running.status)), running && active(running.status) && h('span', {}, `${Math.round(running.percent ?? 0)}%`),
    h('span', { class: 'template', title: `Launch template ${template}` }, running ? versionOf(g.template?.version) : template),
    g.mixed && h('span', { class: 'tag', title: 'Mixed instances policy' }, 'mixed'),
    (g.suspended ?? []).length > 0 && h('span', { class: 'tag warn', title: `Suspended: ${g.suspended.join(', ')}` }, 'suspended'));
  foot.className = `group-foot ${toneOf(running)}`;
  node.style.setProperty('--width', `${widthFor(g.desired)}px`);
  reconcile(squares, (g.instances ?? []).map((i) => ({ key: i.id, sign: JSON.stringify([i, imageName(i.image)]), make: (was) => square(i, was, g) })));
  return node;
}

// widthFor makes a group two rows high, with room for the servers a rollout adds for a while.
const widthFor = (desired) => Math.max(100, Math.min(16, Math.ceil((desired * 1.2) / 2)) * 18);

const versionOf = (v) => (/^\d+$/.test(String(v ?? '')) ? `v${v}` : v ?? '');

function serversNode(servers) {
  return h('article', { class: 'group servers', 'data-testid': 'group', 'data-name': 'servers' }, h('header', {}, h('h3', {}, 'Servers'), h('span', { class: 'quiet' }, 'on their own')),
    h('div', { class: 'servers-list' }, servers.map((i) => h('span', { class: 'server' }, square(i), h('span', {}, i.name || i.id)))));
}

// square draws one instance. Its shape says its life, its edge its health, its colour its image.
function square(i, was, g) {
  const life = lifeOf(i);
  const ill = /unhealthy|impaired/i.test(i.health ?? '') && life !== 'leaving';
  const node = was ?? h('button', { type: 'button' });
  const words = [i.name || i.id, imageName(i.image), i.lifecycle || i.state, i.health, i.protected && 'protected'].filter(Boolean).join(', ');
  node.className = ['square', life, ill && 'ill', i.protected && 'protected', view.lit === i.image && 'lit'].filter(Boolean).join(' ');
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

const active = (status) => /pending|inprogress|cancelling|baking|rollbackinprogress/i.test(status ?? '');

// recent is a refresh worth showing: one that runs, or that ended within a quarter of an hour.
function recent(refresh) {
  if (!refresh?.id) return null;
  const ended = Date.parse(refresh.ended ?? '');
  return active(refresh.status) || !ended || clock.now() - ended < 15 * 60_000 ? refresh : null;
}

function toneOf(refresh) {
  if (!refresh) return '';
  const tones = [[/fail/i, 'bad'], [/rollback/i, 'back'], [/success/i, 'good'], [/cancel/i, 'off']];
  return tones.find(([pattern]) => pattern.test(refresh.status))?.[1] ?? 'moving';
}

// paintRefresh draws the progress bar. Its room is kept when there is none, so that nothing jumps.
function paintRefresh(root, refresh) {
  root.className = `refresh ${toneOf(refresh)}`;
  if (!refresh) return fill(root);
  if (!root.firstChild) root.append(h('div', { class: 'bar', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 }, h('span', {})));
  const bar = root.firstChild;
  const percent = Math.round(refresh.percent ?? 0);
  const since = active(refresh.status) && refresh.started ? `for ${duration((clock.now() - Date.parse(refresh.started)) / 1000)}` : '';
  bar.setAttribute('aria-valuenow', String(percent));
  bar.setAttribute('aria-label', `Refresh ${refresh.status}`);
  bar.title = [spaced(refresh.status), since, refresh.reason].filter(Boolean).join(', ');
  bar.firstChild.style.setProperty('width', `${percent}%`);
  return root;
}

const statusWords = { InProgress: 'Rolling', RollbackInProgress: 'Rolling back', RollbackSuccessful: 'Rolled back', Successful: 'Done' };

const spaced = (status) => statusWords[status] ?? String(status ?? '').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase().replace(/^./, (c) => c.toUpperCase());

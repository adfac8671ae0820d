// The fleet strip: every group as a row of squares, coloured by image, beside the conversation.

import { get, listen } from './api.js';
import { fill, h, icon, reconcile } from './dom.js';
import { clockControls, readClock } from './clock.js';
import { alarmMenu, awsMenu } from './breakage.js';
import { active, groupNode, serversNode, signOf } from './group.js';
import { peopleMenu, redisMenu, slackMenu } from './outage.js';
import { colours, imageName, legend } from './palette.js';
import { whenFree } from './press.js';
import { clock } from './store.js';

const view = { state: null, environments: [] };
const collapsedKey = 'workspace.fleet';

// fleet fills the strip and follows the cloud's stream of states.
export function fleet(root) {
  const parts = frame(root);
  const draw = () => view.state && paint(parts);
  const take = (state) => {
    view.state = state;
    const now = Date.parse(state.now ?? '');
    if (now) clock.set(now);
    whenFree(draw);
  };
  follow(take);
  get('/info').then(
    (info) => {
      view.environments = info.environments ?? [];
      whenFree(draw);
    },
    () => {},
  );
  readClock();
  setInterval(() => whenFree(draw), 1000);
  setInterval(() => document.hidden || readClock(), 5000);
}

// follow listens while the page is seen: a browser allows few streams at once, and a page nobody
// looks at leaves its own to others.
function follow(take) {
  let source = null;
  const turn = () => {
    source?.close();
    source = document.hidden
      ? null
      : listen('/fleet/events', { onopen: () => get('/fleet/state').then(take, () => {}), onevent: take });
  };
  document.addEventListener('visibilitychange', turn);
  turn();
}

function frame(root) {
  const toggle = h(
    'button',
    { type: 'button', class: 'fleet-toggle', 'data-testid': 'fleet-toggle', 'aria-controls': 'fleet-body' },
    icon('caret'),
    'Fleet',
  );
  const summary = h('div', { class: 'fleet-summary' });
  const images = h('div', { class: 'legend', role: 'list', 'aria-label': 'Images' });
  const body = h('div', { class: 'fleet-body', id: 'fleet-body' });
  const tools = h(
    'div',
    { class: 'fleet-tools' },
    clockControls(),
    tool('bolt', 'AWS', 'Break AWS', 'break-aws', (b) => awsMenu(b, view.state)),
    tool('plug', 'Slack', 'Disturb Slack', 'break-slack', slackMenu),
    tool('stack', 'Redis', 'Stop and start Redis', 'break-redis', redisMenu),
    tool('people', 'People', 'Who is in which group', 'people', peopleMenu),
    tool('bell', 'Alarms', 'Alarms', 'alarms', (b) => alarmMenu(b, view.state)),
  );
  root.append(
    h('div', { class: 'fleet-bar' }, toggle, summary, tools),
    h('div', { class: 'fleet-scroll' }, images, body),
  );
  const collapse = (yes) => {
    root.classList.toggle('collapsed', yes);
    toggle.setAttribute('aria-expanded', String(!yes));
    localStorage.setItem(collapsedKey, yes ? 'closed' : 'open');
  };
  collapse(
    (localStorage.getItem(collapsedKey) ??
      (window.innerHeight < 620 || window.innerWidth < 760 ? 'closed' : 'open')) === 'closed',
  );
  toggle.addEventListener('click', () => collapse(!root.classList.contains('collapsed')));
  return { summary, images, body, tools };
}

function tool(face, words, label, test, run) {
  const node = h(
    'button',
    {
      type: 'button',
      class: 'tool',
      'aria-haspopup': 'menu',
      'aria-expanded': 'false',
      title: label,
      'data-testid': test,
    },
    icon(face),
    h('span', { class: 'tool-words' }, words),
    h('span', { class: 'count', hidden: true }),
  );
  node.addEventListener('click', () => run(node));
  return node;
}

function paint({ summary, images, body, tools }) {
  const state = view.state;
  colours(state);
  legend(images, allInstances(state));
  paintSummary(summary, state);
  mark(tools.querySelector('[data-testid=break-aws] .count'), (state.faults ?? []).length);
  mark(
    tools.querySelector('[data-testid=alarms] .count'),
    (state.alarms ?? []).filter((a) => a.state === 'ALARM').length,
  );
  reconcile(
    body,
    environments(state).map((env) => ({ key: env.key, sign: env.title, make: () => environmentNode(env) })),
  );
  for (const env of environments(state)) {
    const node = body.querySelector(`[data-key="${CSS.escape(env.key)}"] .groups`);
    const cards = env.groups.map((g) => ({ key: g.name, sign: signOf(g), make: (old) => groupNode(g, old) }));
    if (env.servers.length)
      cards.push({
        key: ' servers',
        sign: JSON.stringify([env.servers, env.servers.map((i) => imageName(i.image))]),
        make: () => serversNode(env.servers),
      });
    reconcile(node, cards);
  }
}

function mark(badge, count) {
  badge.hidden = !count;
  badge.textContent = String(count);
}

const allInstances = (state) =>
  [...(state.groups ?? []).flatMap((g) => g.instances ?? []), ...(state.instances ?? [])].filter(
    (i) => i.state !== 'terminated',
  );

function paintSummary(root, state) {
  const all = allInstances(state);
  const ill = all.filter((i) => /unhealthy/i.test(i.health ?? '')).length;
  const moving = (state.groups ?? []).filter((g) => g.refresh && active(g.refresh.status));
  fill(
    root,
    h('span', {}, `${all.length} servers in ${(state.groups ?? []).length} groups`),
    ill > 0 && h('span', { class: 'summary-bad' }, `${ill} unhealthy`),
    moving.map((g) => h('span', { class: 'summary-move' }, `${g.name} ${g.refresh.percent ?? 0}%`)),
  );
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
  return h(
    'section',
    { class: 'environment', 'aria-label': name },
    h(
      'h2',
      {},
      name,
      h('span', { class: 'quiet' }, ` ${region}`),
      h('span', { class: 'quiet account' }, account === name ? '' : ` ${account}`),
    ),
    h('div', { class: 'groups' }),
  );
}

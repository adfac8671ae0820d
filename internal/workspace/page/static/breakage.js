// The menus that break things on purpose: servers, AWS, alarms.

import { post, remove } from './api.js';
import { h, toast } from './dom.js';
import { menu } from './popover.js';

// tell says what was done, or why it was refused.
export async function tell(what, run) {
  try {
    await run();
    toast(what);
  } catch (error) {
    toast(`${what}: refused, ${error.message}`, 'bad');
  }
}

// crashMenu tells about one server and offers the ways it can fail.
export function crashMenu(anchor, i, { image, group }) {
  const known = [
    ['Image', image === i.image ? i.image : `${image} (${i.image})`],
    ['Group', group],
    ['State', [i.lifecycle, i.state].filter(Boolean).join(', ')],
    ['Health', i.health],
    ['Type', i.type],
    ['Zone', i.az],
    ['Template', i.version && `version ${i.version}`],
    ['Protected', i.protected && 'from scale-in'],
  ];
  const crash = (how, words) => ({
    label: words,
    danger: how === 'terminated',
    test: `crash-${how}`,
    run: () => tell(`${i.name || i.id}: ${words.toLowerCase()}`, () => post('/fleet/crash', { instance: i.id, how })),
  });
  menu(
    anchor,
    [
      { heading: 'Break this server' },
      crash('system', 'Fail the system check'),
      crash('instance', 'Fail the instance check'),
      group && crash('application', 'Fail the load balancer check'),
      crash('stopped', 'Stop it'),
      crash('terminated', 'Terminate it'),
    ].filter(Boolean),
    {
      label: `Server ${i.id}`,
      className: 'wide',
      head: h(
        'div',
        { class: 'card-head' },
        h('strong', {}, i.name || i.id),
        i.name && h('span', { class: 'quiet' }, i.id),
        h(
          'dl',
          {},
          known.filter(([, v]) => v).map(([k, v]) => [h('dt', {}, k), h('dd', {}, v)]),
        ),
      ),
    },
  );
}

const fault = (words, body) => ({ label: words, run: () => tell(words, () => post('/fleet/fault', body)) });

// awsMenu offers faults for the AWS endpoints, and mends them.
export function awsMenu(anchor, state) {
  const faults = state?.faults ?? [];
  const unique = [...new Map((state?.images ?? []).map((i) => [i.id, i])).values()];
  const newest = unique
    .filter((i) => i.state === 'available')
    .sort((a, b) => String(b.created ?? '').localeCompare(String(a.created ?? '')))
    .slice(0, 3);
  const mend =
    faults.length === 0
      ? []
      : [
          { heading: 'Broken now, press to mend' },
          ...faults.map((f) => ({
            label: describe(f),
            run: () => tell(`Mended: ${describe(f)}`, () => remove(`/fleet/fault?id=${encodeURIComponent(f.id)}`)),
          })),
          {
            label: 'Mend everything',
            test: 'mend-aws',
            run: () => tell('AWS is mended', () => remove('/fleet/fault')),
          },
        ];
  menu(
    anchor,
    [
      ...mend,
      { heading: 'Break AWS' },
      fault('Throttle every call for 30 s', { action: '*', kind: 'throttle', for: 30 }),
      fault('Answer the next 5 calls with a 500', { action: '*', kind: '5xx', times: 5 }),
      fault('Lose the answer to the next refresh start', {
        action: 'StartInstanceRefresh',
        kind: 'lost_reply',
        times: 1,
      }),
      fault('Lose the answer to the next template version', {
        action: 'CreateLaunchTemplateVersion',
        kind: 'lost_reply',
        times: 1,
      }),
      { heading: 'No capacity to launch' },
      ...[...new Set((state?.groups ?? []).map((g) => g.name))]
        .sort(byTraffic)
        .slice(0, 3)
        .map((name) => fault(`For ${name}`, { kind: 'launch', group: name })),
      { heading: 'Images' },
      ...newest.map(spoil),
    ],
    { label: 'Break AWS', className: 'wide' },
  );
}

// The groups people roll most come first.
const busiest = ['web', 'api', 'worker'];
const byTraffic = (a, b) =>
  (busiest.indexOf(b) >= 0) - (busiest.indexOf(a) >= 0) ||
  busiest.indexOf(a) - busiest.indexOf(b) ||
  a.localeCompare(b);

const describe = (f) =>
  [
    f.kind.replaceAll('_', ' '),
    f.action && f.action !== '*' && f.action,
    f.group && `for ${f.group}`,
    f.times && `${f.times} left`,
  ]
    .filter(Boolean)
    .join(', ');

function spoil(image) {
  const words = image.bad ? `${image.name || image.id} is good again` : `${image.name || image.id} boots unhealthy`;
  return { label: words, run: () => tell(words, () => post('/fleet/image', { id: image.id, bad: !image.bad })) };
}

// alarmMenu switches each alarm on or off.
export function alarmMenu(anchor, state) {
  const alarms = state?.alarms ?? [];
  menu(
    anchor,
    [
      { heading: alarms.length ? 'Alarms' : 'There are no alarms' },
      ...alarms.map((a) => {
        const next = a.state === 'ALARM' ? 'OK' : 'ALARM';
        return {
          label: a.name,
          hint: `${a.state}, press to set ${next}`,
          test: `alarm-${a.name}`,
          run: () => tell(`${a.name} is ${next}`, () => post('/fleet/alarm', { name: a.name, state: next })),
        };
      }),
    ],
    { label: 'Alarms' },
  );
}

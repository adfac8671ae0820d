// What an interactive element needs to know of the place it stands in, and how its use is reported.

import { post, Refusal } from './api.js';
import { toast } from './dom.js';
import { changed, facts } from './store.js';

// values holds what a person typed or chose, by place, block and action, so that a redraw of the
// same form keeps it.
const values = new Map();

const slot = (place, block, e) => `${place}/${block}/${e.action_id}`;

// context makes the context of one message, modal or home page. where is {channel, ts} or {view_id}.
export function context(where, { troubles = [], errors = {}, state = {}, redraw } = {}) {
  const place = where.view_id ?? `${where.channel}/${where.ts}`;
  const within = (block) => ({
    ...where,
    block,
    redraw,
    within,
    troubleOf: (e) =>
      troubles.find((t) => t.action_id === e.action_id && (!t.block_id || t.block_id === block.block_id)),
    busyOf: (e) => facts.busy.has(slot(place, block.block_id, e)),
    errorOf: (b) => errors[b.block_id],
    value: (e, field, initial) => {
      const kept = values.get(slot(place, block.block_id, e)) ?? state[block.block_id]?.[e.action_id];
      return kept && field in kept ? kept[field] : initial;
    },
    keep: (e, fields) => values.set(slot(place, block.block_id, e), fields),
    act: (e, fields) => {
      if (fields.value === undefined) values.set(slot(place, block.block_id, e), fields);
      if (block.type === 'input' && !block.dispatch_action) return undefined;
      return press(where, block, e, fields, slot(place, block.block_id, e));
    },
    ask: (e) => (query) => suggestions(where, block, e, query),
  });
  return { within };
}

// press reports a use of an element. While the app has not answered the element looks busy.
async function press(where, block, e, fields, key) {
  facts.busy.set(key, true);
  const timer = setTimeout(() => changed('messages', 'thread', 'views', 'home'), 180);
  try {
    await post('/ui/click', { as: facts.me, ...where, block_id: block.block_id, action_id: e.action_id, ...fields });
  } catch (error) {
    // A press that nobody acknowledged has its warning mark beside the button; a view that is gone
    // needs no word either.
    if (!(error instanceof Refusal) || facts.outage) toast(`That did not go through: ${error.message}`, 'bad');
    else console.warn('press', error.message);
  } finally {
    clearTimeout(timer);
    facts.busy.delete(key);
    changed('messages', 'thread', 'views', 'home');
  }
}

async function suggestions(where, block, e, query) {
  const answer = await post('/ui/options', {
    as: facts.me,
    ...where,
    block_id: block.block_id,
    action_id: e.action_id,
    value: query,
  });
  return answer.option_groups ?? [{ options: answer.options ?? [] }];
}

// gather reads every input of a view: what was typed or chosen, else what the app put there.
export function gather(view) {
  const out = {};
  for (const block of view.blocks ?? []) {
    for (const e of elementsOf(block)) {
      const kept = values.get(slot(view.id, block.block_id, e)) ?? heldBy(view, block, e) ?? initial(e);
      const value = kept && Object.entries(kept).find(([name]) => name !== 'type')?.[1];
      if (value === undefined) continue;
      (out[block.block_id] ??= {})[e.action_id] = value;
    }
  }
  return out;
}

const heldBy = (view, block, e) => view.state?.values?.[block.block_id]?.[e.action_id];

// forget drops what was typed into a view that is gone.
export function forget(viewID) {
  for (const key of values.keys()) if (key.startsWith(`${viewID}/`)) values.delete(key);
}

const elementsOf = (block) =>
  [block.element, block.accessory, ...(block.type === 'actions' ? (block.elements ?? []) : [])].filter(
    (e) => e?.action_id,
  );

function initial(e) {
  const fields = {
    initial_value: 'value',
    initial_option: 'selected_option',
    initial_options: 'selected_options',
    initial_user: 'selected_user',
    initial_users: 'selected_users',
    initial_conversation: 'selected_conversation',
    initial_conversations: 'selected_conversations',
    initial_channel: 'selected_channel',
    initial_channels: 'selected_channels',
    initial_date: 'selected_date',
    initial_time: 'selected_time',
    initial_date_time: 'selected_date_time',
  };
  for (const [from, to] of Object.entries(fields)) if (e[from] !== undefined) return { [to]: e[from] };
  return undefined;
}

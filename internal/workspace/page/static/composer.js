// Where people write: type-ahead for commands, people and channels; Enter sends, the up arrow recalls.

import { fill, h, icon, toast } from './dom.js';
import { post, Refusal } from './api.js';
import { avatar } from './avatar.js';
import { channelOf, facts, nameOf, peer } from './store.js';

let ids = 0;

// composer builds a writing box in root. place tells where its text goes when it is sent.
export function composer(root, { place, testID, sendID }) {
  const id = `suggestions-${++ids}`;
  const area = h('textarea', {
    class: 'writing',
    rows: 1,
    'data-testid': testID,
    role: 'combobox',
    'aria-autocomplete': 'list',
    'aria-expanded': 'false',
    'aria-controls': id,
    spellcheck: 'true',
    autocomplete: 'off',
  });
  const send = h(
    'button',
    {
      type: 'button',
      class: 'send',
      'data-testid': sendID,
      'aria-label': 'Send',
      title: 'Send (Enter)',
      onclick: () => submit(),
    },
    icon('send'),
  );
  const hints = h('div', { class: 'suggestions', id, role: 'listbox', 'aria-label': 'Suggestions', hidden: true });
  const usage = h('div', { class: 'usage', hidden: true });
  const closed = h('div', { class: 'closed', hidden: true });
  const box = h('div', { class: 'composer' }, area, send);
  root.append(
    h('div', { class: 'composer-frame' }, hints, usage, box, closed),
    h('div', { class: 'composer-help' }, 'Enter to send, Shift + Enter for a new line'),
  );
  const recall = memory();
  let shown = [];
  let active = 0;
  let sending = false;

  const submit = async () => {
    const text = area.value.trim();
    if (!text) return;
    recall.add(text);
    area.value = '';
    refresh();
    try {
      await post('/ui/send', { as: facts.me, ...place(), text });
    } catch (error) {
      // What Slack has to say about a command it says itself, as Slackbot.
      if (error instanceof Refusal && text.startsWith('/')) return;
      toast(`Not sent: ${error.message}`, 'bad');
      area.value ||= text;
      refresh();
    }
  };

  const refresh = () => {
    grow();
    send.disabled = !area.value.trim();
    suggest();
  };
  const grow = () => {
    area.style.setProperty('height', 'auto');
    area.style.setProperty('height', `${Math.min(area.scrollHeight, 180)}px`);
  };

  const suggest = () => {
    const command = commandOf(area.value);
    usage.hidden = !command;
    if (command)
      fill(
        usage,
        h('code', {}, command.command),
        ' ',
        h('span', { class: 'usage-hint' }, command.usage_hint),
        h('span', { class: 'usage-what' }, command.description),
      );
    shown = document.activeElement === area ? candidates(area.value.slice(0, area.selectionStart)) : [];
    active = 0;
    paint();
  };
  const paint = () => {
    hints.hidden = shown.length === 0;
    area.setAttribute('aria-expanded', String(shown.length > 0));
    fill(
      hints,
      shown.map((s, i) =>
        h(
          'button',
          {
            type: 'button',
            role: 'option',
            tabindex: -1,
            id: `${id}-${i}`,
            class: `suggestion ${i === active ? 'active' : ''}`,
            'aria-selected': String(i === active),
            onpointerdown: (event) => event.preventDefault(),
            onclick: () => take(s),
          },
          s.face,
          h('span', { class: 'suggestion-name' }, s.name),
          h('span', { class: 'suggestion-what' }, s.what),
        ),
      ),
    );
    if (shown.length) area.setAttribute('aria-activedescendant', `${id}-${active}`);
    else area.removeAttribute('aria-activedescendant');
  };
  const take = (s) => {
    const at = area.selectionStart;
    const head = area.value.slice(0, at - s.typed.length) + s.insert;
    area.value = head + area.value.slice(at).replace(/^ /, '');
    area.setSelectionRange(head.length, head.length);
    area.focus();
    refresh();
  };
  const onSuggestion = (event) => {
    if (!shown.length) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) active = (active + step + shown.length) % shown.length;
    else if (event.key === 'Escape') shown = [];
    else if (event.key === 'Tab' || (event.key === 'Enter' && shown[active].typed !== shown[active].insert.trim()))
      return take(shown[active]) || true;
    else return false;
    paint();
    return true;
  };

  area.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    sending = event.key === 'Enter' && !event.shiftKey;
    if (onSuggestion(event)) return event.preventDefault();
    if (sending) {
      event.preventDefault();
      submit();
    }
    const older = event.key === 'ArrowUp' && (area.value === '' || recall.walking(area.value)) && recall.older();
    const newer = event.key === 'ArrowDown' && recall.walking(area.value) && recall.newer();
    if (typeof older === 'string' || typeof newer === 'string') {
      event.preventDefault();
      area.value = older || newer || '';
      grow();
      send.disabled = !area.value.trim();
      usage.hidden = true;
    }
  });
  // Some input methods type the line break although the key press was answered.
  area.addEventListener(
    'beforeinput',
    (event) => sending && ['insertLineBreak', 'insertParagraph'].includes(event.inputType) && event.preventDefault(),
  );
  area.addEventListener('input', refresh);
  area.addEventListener('click', suggest);
  area.addEventListener('blur', () =>
    setTimeout(() => {
      shown = [];
      paint();
    }, 150),
  );

  return {
    focus: () => area.focus(),
    reset: () => {
      area.value = '';
      refresh();
    },
    refresh: () => {
      const why = shut(place());
      box.hidden = Boolean(why);
      closed.hidden = !why;
      closed.textContent = why ?? '';
      const label = whereTo(place());
      area.setAttribute('aria-label', label);
      area.placeholder = label;
      send.disabled = !area.value.trim();
    },
  };
}

function shut({ channel }) {
  const c = channelOf(channel);
  if (!c) return null;
  if (c.is_archived) return 'This channel is archived.';
  if (!c.is_im && c.members && !c.members.includes(facts.me))
    return `You are looking at #${c.name}. Only its members can write here.`;
  const me = facts.users.get(facts.me);
  return me?.deleted ? 'This account is deactivated and cannot write.' : null;
}

function whereTo({ channel, thread_ts }) {
  if (thread_ts) return 'Reply…';
  const c = channelOf(channel);
  if (!c) return 'Message';
  return c.is_im ? `Message ${nameOf(peer(c))}` : `Message #${c.name}`;
}

function commandOf(text) {
  const match = /^(\/\S+)\s/.exec(text);
  return match && facts.app.commands.find((c) => c.command === match[1]);
}

// candidates lists what the word before the cursor could become.
function candidates(head) {
  const slash = /^\/\S*$/.exec(head);
  if (slash) {
    return facts.app.commands
      .filter((c) => c.command.startsWith(head))
      .map((c) => ({
        typed: head,
        insert: `${c.command} `,
        name: h('span', {}, h('strong', {}, c.command), ' ', h('span', { class: 'usage-hint' }, c.usage_hint)),
        what: c.description,
        face: icon('bolt'),
      }));
  }
  const word = /(?:^|\s)([@#])([\w.-]*)$/.exec(head);
  if (!word) return [];
  const [, sign, part] = word;
  const wanted = part.toLowerCase();
  return (sign === '@' ? people(wanted) : channels(wanted)).slice(0, 8).map((c) => ({ ...c, typed: sign + part }));
}

function people(wanted) {
  const users = [...facts.users.values()].filter((u) => !u.deleted && u.id !== 'USLACKBOT');
  const hits = users.filter(
    (u) =>
      u.name?.toLowerCase().startsWith(wanted) ||
      nameOf(u)
        .toLowerCase()
        .split(' ')
        .some((w) => w.startsWith(wanted)),
  );
  const groups = [...facts.groups.values()].filter((g) => g.handle?.toLowerCase().startsWith(wanted));
  return [
    ...hits.map((u) => ({ insert: `@${u.name} `, name: nameOf(u), what: `@${u.name}`, face: avatar(u, 'mini') })),
    ...groups.map((g) => ({
      insert: `@${g.handle} `,
      name: `@${g.handle}`,
      what: g.name ?? 'group',
      face: icon('hash'),
    })),
  ];
}

const channels = (wanted) =>
  facts.channels
    .filter((c) => !c.is_im && c.name.startsWith(wanted))
    .map((c) => ({
      insert: `#${c.name} `,
      name: `#${c.name}`,
      what: c.topic?.value ?? c.topic ?? '',
      face: icon(c.is_private ? 'lock' : 'hash'),
    }));

// memory keeps what was sent, for the arrow keys.
function memory() {
  const sent = [];
  let at = 0;
  return {
    add: (text) => {
      if (sent.at(-1) !== text) sent.push(text);
      at = sent.length;
    },
    walking: (text) => at < sent.length && sent[at] === text,
    older: () => (at > 0 ? sent[--at] : undefined),
    newer: () => {
      at = Math.min(at + 1, sent.length);
      return sent[at] ?? '';
    },
  };
}

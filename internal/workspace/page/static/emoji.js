// Emoji shortcodes people and bots use most. The signs an operations bot lives by (lamps, ticks,
// warnings) are drawn here, so that they look the same on a machine without an emoji font.

import { h, svg } from './dom.js';

const glyphs = {
  '+1': '👍',
  thumbsup: '👍',
  '-1': '👎',
  thumbsdown: '👎',
  ok_hand: '👌',
  wave: '👋',
  clap: '👏',
  pray: '🙏',
  muscle: '💪',
  raised_hands: '🙌',
  point_up: '☝️',
  point_right: '👉',
  point_left: '👈',
  point_down: '👇',
  eyes: '👀',
  handshake: '🤝',
  smile: '😄',
  grinning: '😀',
  slightly_smiling_face: '🙂',
  joy: '😂',
  wink: '😉',
  thinking_face: '🤔',
  sweat_smile: '😅',
  sob: '😭',
  cry: '😢',
  scream: '😱',
  sunglasses: '😎',
  neutral_face: '😐',
  confused: '😕',
  sleeping: '😴',
  robot_face: '🤖',
  skull: '💀',
  ghost: '👻',
  heart: '❤️',
  broken_heart: '💔',
  sparkles: '✨',
  star: '⭐',
  fire: '🔥',
  boom: '💥',
  zap: '⚡',
  tada: '🎉',
  confetti_ball: '🎊',
  trophy: '🏆',
  medal: '🏅',
  gift: '🎁',
  rocket: '🚀',
  scissors: '✂️',
  ice_cube: '🧊',
  airplane: '✈️',
  ship: '🚢',
  sailboat: '⛵',
  anchor: '⚓',
  boat: '⛵',
  ocean: '🌊',
  whale: '🐳',
  octopus: '🐙',
  crab: '🦀',
  snail: '🐌',
  turtle: '🐢',
  bug: '🐛',
  package: '📦',
  wrench: '🔧',
  hammer: '🔨',
  hammer_and_wrench: '🛠️',
  gear: '⚙️',
  nut_and_bolt: '🔩',
  toolbox: '🧰',
  key: '🔑',
  lock: '🔒',
  unlock: '🔓',
  closed_lock_with_key: '🔐',
  shield: '🛡️',
  bell: '🔔',
  no_bell: '🔕',
  mega: '📣',
  loudspeaker: '📢',
  mag: '🔍',
  mag_right: '🔎',
  bulb: '💡',
  memo: '📝',
  pencil: '✏️',
  pencil2: '✏️',
  clipboard: '📋',
  page_facing_up: '📄',
  books: '📚',
  scroll: '📜',
  bookmark: '🔖',
  link: '🔗',
  paperclip: '📎',
  pushpin: '📌',
  round_pushpin: '📍',
  label: '🏷️',
  calendar: '📆',
  date: '📅',
  chart_with_upwards_trend: '📈',
  chart_with_downwards_trend: '📉',
  bar_chart: '📊',
  inbox_tray: '📥',
  outbox_tray: '📤',
  floppy_disk: '💾',
  cd: '💿',
  computer: '💻',
  desktop_computer: '🖥️',
  electric_plug: '🔌',
  battery: '🔋',
  satellite: '📡',
  globe_with_meridians: '🌐',
  cloud: '☁️',
  sunny: '☀️',
  rainbow: '🌈',
  snowflake: '❄️',
  umbrella: '☔',
  thermometer: '🌡️',
  hourglass: '⌛',
  hourglass_flowing_sand: '⏳',
  watch: '⌚',
  stopwatch: '⏱️',
  alarm_clock: '⏰',
  clock1: '🕐',
  clock3: '🕒',
  clock12: '🕛',
  timer_clock: '⏲️',
  arrow_up: '⬆️',
  arrow_down: '⬇️',
  arrow_left: '⬅️',
  arrow_right: '➡️',
  arrow_heading_up: '⤴️',
  arrow_heading_down: '⤵️',
  leftwards_arrow_with_hook: '↩️',
  arrow_right_hook: '↪️',
  arrows_counterclockwise: '🔄',
  repeat: '🔁',
  rewind: '⏪',
  fast_forward: '⏩',
  arrow_forward: '▶️',
  double_vertical_bar: '⏸️',
  pause_button: '⏸️',
  black_square_for_stop: '⏹️',
  stop_button: '⏹️',
  back: '🔙',
  soon: '🔜',
  top: '🔝',
  heavy_plus_sign: '➕',
  heavy_minus_sign: '➖',
  bangbang: '‼️',
  question: '❓',
  grey_question: '❔',
  exclamation: '❗',
  grey_exclamation: '❕',
  rotating_light: '🚨',
  construction: '🚧',
  octagonal_sign: '🛑',
  vertical_traffic_light: '🚦',
  triangular_flag_on_post: '🚩',
  checkered_flag: '🏁',
  white_flag: '🏳️',
  recycle: '♻️',
  wastebasket: '🗑️',
  coffee: '☕',
  beer: '🍺',
  pizza: '🍕',
  cake: '🍰',
  seedling: '🌱',
  evergreen_tree: '🌲',
  sos: '🆘',
  new: '🆕',
  up: '🆙',
  cool: '🆒',
  free: '🆓',
  ok: '🆗',
  id: '🆔',
  one: '1️⃣',
  two: '2️⃣',
  three: '3️⃣',
  four: '4️⃣',
  five: '5️⃣',
  six: '6️⃣',
  seven: '7️⃣',
  eight: '8️⃣',
  nine: '9️⃣',
  zero: '0️⃣',
  keycap_ten: '🔟',
  hundred: '💯',
  100: '💯',
  bust_in_silhouette: '👤',
  busts_in_silhouette: '👥',
  speech_balloon: '💬',
  thought_balloon: '💭',
  police_car: '🚓',
  ambulance: '🚑',
  fire_engine: '🚒',
  firefighter: '🧑‍🚒',
  detective: '🕵️',
  construction_worker: '👷',
  dart: '🎯',
  microscope: '🔬',
  test_tube: '🧪',
  dna: '🧬',
  crystal_ball: '🔮',
};

const lamps = {
  red: '#d9363e',
  orange: '#e8871e',
  yellow: '#e5b800',
  green: '#2f9e5b',
  blue: '#2f7fd6',
  purple: '#8a5bd1',
  brown: '#8d6344',
  white: '#e8ebef',
  black: '#30363d',
};

const drawn = {
  white_check_mark: () => tile('#2f9e5b', tick('#fff')),
  heavy_check_mark: () => picture(tick('#2f9e5b')),
  ballot_box_with_check: () => tile('#2f7fd6', tick('#fff')),
  negative_squared_cross_mark: () => tile('#2f9e5b', cross('#fff')),
  x: () => picture(cross('#d9363e')),
  no_entry: () => disc('#d9363e', stroke('M6.500 12h11', '#fff')),
  no_entry_sign: () =>
    picture(
      svg('circle', { cx: 12, cy: 12, r: 9, fill: 'none', stroke: '#d9363e', 'stroke-width': 3 }),
      stroke('M6 18L18 6', '#d9363e'),
    ),
  warning: () =>
    picture(
      svg('path', {
        d: 'M12 3.500 22 20.500H2z',
        fill: '#f0b429',
        stroke: '#f0b429',
        'stroke-width': 2,
        'stroke-linejoin': 'round',
      }),
      stroke('M12 9.500v5M12 17.600v.1', '#3d2c00'),
    ),
  information_source: () => tile('#2f7fd6', stroke('M12 11v6M12 7.200v.1', '#fff')),
  radio_button: () =>
    picture(
      svg('circle', { cx: 12, cy: 12, r: 8, fill: 'none', stroke: '#2f7fd6', 'stroke-width': 3 }),
      svg('circle', { cx: 12, cy: 12, r: 3.5, fill: '#2f7fd6' }),
    ),
  red_circle: () => disc(lamps.red),
  white_circle: () => disc(lamps.white),
  black_circle: () => disc(lamps.black),
  hourglass_flowing_sand: () => hourglass(),
  hourglass: () => hourglass(),
  black_square_for_stop: () => halt(),
  stop_button: () => halt(),
  lock: () => padlock(),
  rocket: () => rocket(),
  bell: () =>
    picture(
      svg('path', { d: 'M5.500 17V11a6.500 6.500 0 0 1 13 0v6l2 2.500h-17z', fill: '#e9b949' }),
      svg('circle', { cx: 12, cy: 20.5, r: 2, fill: '#b98a1f' }),
    ),
  rotating_light: () =>
    picture(
      svg('path', { d: 'M6 17v-4a6 6 0 0 1 12 0v4z', fill: '#d9363e' }),
      svg('rect', { x: 4, y: 17, width: 16, height: 4, rx: 1, fill: '#6b7785' }),
      stroke('M12 2.500v1.500M4 6l1.200 1M20 6l-1.200 1', '#d9363e'),
    ),
  arrows_counterclockwise: () =>
    tile(
      '#2f7fd6',
      stroke(
        'M7 11a5.200 5.200 0 0 1 9-2.500M17 13a5.200 5.200 0 0 1-9 2.500M16.500 5.500V9H13M7.500 18.500V15H11',
        '#fff',
      ),
    ),
  scissors: () =>
    picture(
      stroke('M8.500 8.500 19 18M8.500 15.500 19 6', '#6b7785'),
      svg('circle', { cx: 6.3, cy: 6.8, r: 2.6, fill: 'none', stroke: '#d9363e', 'stroke-width': 2.2 }),
      svg('circle', { cx: 6.3, cy: 17.2, r: 2.6, fill: 'none', stroke: '#d9363e', 'stroke-width': 2.2 }),
    ),
  ice_cube: () => tile('#8cc8ee', stroke('M8 15.500V9.500l4-2.200', '#fff'), stroke('M14.500 16.500l2-1.200', '#fff')),
  snowflake: () =>
    picture(
      stroke('M12 3v18M4.200 7.500l15.600 9M19.800 7.500l-15.600 9', '#4aa3df'),
      stroke('M9.500 4.500 12 7l2.500-2.500M9.500 19.500 12 17l2.500 2.500', '#4aa3df'),
    ),
  leftwards_arrow_with_hook: () =>
    tile('#2f7fd6', stroke('M9.500 6.500 6 10l3.500 3.500M6 10h8a3.700 3.700 0 0 1 0 7.400h-2', '#fff')),
  anchor: () =>
    picture(
      stroke(
        'M12 7.500a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600zM12 7.500V21M8 11h8M4.500 14c.3 4 3.300 7 7.500 7s7.200-3 7.500-7',
        '#2f6f9e',
      ),
    ),
};

for (const [colour, value] of Object.entries(lamps)) {
  drawn[`large_${colour}_circle`] = () => disc(value);
  drawn[`large_${colour}_square`] = () => tile(value);
}

const picture = (...parts) => svg('svg', { viewBox: '0 0 24 24' }, ...parts);
const tile = (fill, ...parts) =>
  picture(
    svg('rect', { x: 2.5, y: 2.5, width: 19, height: 19, rx: 5, fill, stroke: '#6b778555', 'stroke-width': 1 }),
    ...parts,
  );
const disc = (fill, ...parts) => picture(svg('circle', { cx: 12, cy: 12, r: 9.5, fill, stroke: '#0002' }), ...parts);
const stroke = (d, colour) =>
  svg('path', {
    d,
    fill: 'none',
    stroke: colour,
    'stroke-width': 2.6,
    'stroke-linecap': 'round',
    'stroke-linejoin': 'round',
  });
const tick = (colour) => stroke('M7 12.500l3.500 3.500L17 8.500', colour);
const halt = () => tile('#6b7785', svg('rect', { x: 8, y: 8, width: 8, height: 8, rx: 1, fill: '#fff' }));
const cross = (colour) => stroke('M7 7l10 10M17 7L7 17', colour);
const hourglass = () =>
  picture(
    svg('path', {
      d: 'M7 4.500h10c0 4-3.300 5.500-3.300 7.500s3.300 3.500 3.300 7.500H7c0-4 3.300-5.500 3.300-7.500S7 8.500 7 4.500z',
      fill: '#f5e3b3',
      stroke: '#b07f2a',
      'stroke-width': 1.6,
    }),
    svg('path', {
      d: 'M8.700 18.500c.6-2 2-2.400 3.300-3.500 1.300 1.100 2.700 1.500 3.300 3.500zM9.700 8.500h4.600L12 11.300z',
      fill: '#d99a2b',
    }),
    stroke('M6 4h12M6 20h12', '#b07f2a'),
  );
const padlock = () =>
  picture(
    svg('path', { d: 'M8 11V8a4 4 0 0 1 8 0v3', fill: 'none', stroke: '#8b96a3', 'stroke-width': 2.4 }),
    svg('rect', { x: 5, y: 10.5, width: 14, height: 10, rx: 2.5, fill: '#e9b949' }),
    svg('circle', { cx: 12, cy: 15.5, r: 1.6, fill: '#6e4f0d' }),
  );
const rocket = () =>
  picture(
    svg('path', {
      d: 'M20.500 3.500c-5 .2-9 2.800-11.300 7.300l4 4c4.500-2.300 7.100-6.300 7.300-11.300z',
      fill: '#cfd8e3',
      stroke: '#66758a',
      'stroke-width': 1.4,
    }),
    svg('circle', { cx: 15.2, cy: 8.8, r: 1.7, fill: '#2f7fd6' }),
    svg('path', { d: 'M9.200 10.800 5 11.800l-2 3 4.300-.4zM13.200 14.800l-1 4.200-3 2 .4-4.300z', fill: '#d9363e' }),
    svg('path', { d: 'M7.500 15c-1.800.6-2.800 2.600-3.200 4.700 2.100-.4 4.100-1.400 4.700-3.200z', fill: '#f0a429' }),
  );

export const shortcodes = [...new Set([...Object.keys(drawn), ...Object.keys(glyphs)])];

// emoji draws a shortcode without its colons, or gives null for one it does not know.
export function emoji(name) {
  const base = name.replace(/::skin-tone-\d$/, '');
  const draw = drawn[base];
  const glyph = glyphs[base];
  if (!draw && !glyph) return null;
  const label = base.replaceAll('_', ' ');
  return h('span', { class: 'emoji', role: 'img', 'aria-label': label, title: `:${base}:` }, draw ? draw() : glyph);
}

const byGlyph = new Map();
for (const name of Object.keys(drawn)) if (glyphs[name]) byGlyph.set(glyphs[name], name);
for (const [glyph, name] of [
  ['✅', 'white_check_mark'],
  ['❌', 'x'],
  ['⚠️', 'warning'],
  ['⛔', 'no_entry'],
  ['🔴', 'red_circle'],
  ['🟢', 'large_green_circle'],
  ['🟡', 'large_yellow_circle'],
  ['🟠', 'large_orange_circle'],
  ['🔵', 'large_blue_circle'],
  ['⚪', 'white_circle'],
  ['⚫', 'black_circle'],
  ['🟩', 'large_green_square'],
  ['🟥', 'large_red_square'],
  ['🟨', 'large_yellow_square'],
  ['🟦', 'large_blue_square'],
  ['🟧', 'large_orange_square'],
  ['⬜', 'large_white_square'],
  ['⬛', 'large_black_square'],
  ['☑️', 'ballot_box_with_check'],
  ['✔️', 'heavy_check_mark'],
  ['🚫', 'no_entry_sign'],
  ['ℹ️', 'information_source'],
])
  byGlyph.set(glyph, name);

const glyphPattern = new RegExp([...byGlyph.keys()].map((g) => g.replace('\ufe0f', '\ufe0f?')).join('|'), 'gu');

// dress turns plain text into nodes in which the drawn signs replace their characters.
export function dress(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(glyphPattern)) {
    if (match.index > from) nodes.push(text.slice(from, match.index));
    const name = byGlyph.get(match[0]) ?? byGlyph.get(`${match[0]}\ufe0f`);
    nodes.push(emoji(name));
    from = match.index + match[0].length;
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}

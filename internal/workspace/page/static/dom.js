// Small helpers to make and change elements. Text always goes in as text nodes, so nothing a
// message contains can become markup.

const svgNamespace = 'http://www.w3.org/2000/svg';

// h makes an element: h('button', {class: 'primary', onclick: press}, 'Approve').
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  assign(node, props ?? {});
  append(node, children);
  return node;
}

function assign(node, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'style') for (const [key, v] of Object.entries(value)) node.style.setProperty(key, v);
    else if (name === 'value' || name === 'checked' || name === 'selected' || name === 'indeterminate')
      node[name] = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
}

// append adds children of any depth; nothing, false and null add nothing.
export function append(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child.nodeType ? child : String(child));
  }
  return node;
}

// fill replaces everything inside node.
export function fill(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

// reconcile makes parent hold exactly the given items in order. An item is {key, sign, make}: an
// element whose sign did not change stays as it is, with its focus and its open menus.
export function reconcile(parent, items) {
  const wanted = new Set(items.map((item) => item.key));
  const old = new Map();
  for (const node of [...parent.children]) {
    // Leavers go first: a node that is put in again would start its animation anew.
    if (wanted.has(node.dataset.key)) old.set(node.dataset.key, node);
    else node.remove();
  }
  let cursor = parent.firstElementChild;
  for (const item of items) {
    const was = old.get(item.key);
    let node = was;
    if (!was || was.sign !== item.sign) node = item.make(was ?? null);
    if (was && node !== was) {
      if (cursor === was) cursor = node;
      was.replaceWith(node);
    }
    node.dataset.key = item.key;
    node.sign = item.sign;
    if (node === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(node, cursor);
  }
}

const icons = {
  anchor:
    'M12 7.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM12 7.500V21M8 11h8M4.500 14c.3 4 3.300 7 7.500 7s7.200-3 7.500-7',
  alert: 'M12 4 2.800 19.500h18.400zM12 10v4.500M12 17.200v.1',
  bolt: 'M13 3 5 13.500h6L10 21l8-10.500h-6z',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6l1.500 2h-15zM10 21.500h4',
  caret: 'M7 10l5 5 5-5',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.500V12l3 2',
  close: 'M6 6l12 12M18 6L6 18',
  down: 'M12 5v14M6 13l6 6 6-6',
  eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  hash: 'M10 4L8 20M16 4l-2 16M4.500 9h16M3.500 15h16',
  home: 'M4 11l8-7 8 7v9h-5.500v-5.500h-5V20H4z',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  menu: 'M4 7h16M4 12h16M4 17h16',
  more: 'M12 6v.1M12 12v.1M12 18v.1',
  people: 'M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 20c0-4 2.900-6.500 6.500-6.500s6.500 2.500 6.500 6.500zM16 4.500a3.500 3.500 0 0 1 0 6.500M18 14c2.200.8 3.500 3 3.500 6',
  play: 'M8 5.500v13l10.500-6.500z',
  plug: 'M9 3v5M15 3v5M6.500 8h11v3a5.500 5.500 0 0 1-11 0zM12 16.500V21',
  reply: 'M4 5h16v11h-9l-4.500 4V16H4z',
  send: 'M4 12l16-7.500-5 15.500-3.500-6z',
  stack: 'M12 3 3 7.500l9 4.500 9-4.500zM3 12l9 4.500 9-4.500M3 16.500 12 21l9-4.500',
  thread: 'M4 6h16M4 11h16M4 16h9',
};

// icon draws one of the page's own line icons. It is decoration: name the control it sits in.
export function icon(name, className) {
  const svg = document.createElementNS(svgNamespace, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon ${className ?? ''}`);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(svgNamespace, 'path');
  path.setAttribute('d', icons[name] ?? '');
  svg.append(path);
  return svg;
}

// svg makes one SVG element with attributes and children.
export function svg(tag, attributes, ...children) {
  const node = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes ?? {})) node.setAttribute(name, value);
  return append(node, children);
}

// toast shows a short line at the bottom for a few seconds.
export function toast(text, tone) {
  const box = document.getElementById('toasts');
  const line = h('div', { class: `toast ${tone ?? ''}` }, text);
  box.append(line);
  setTimeout(() => line.remove(), 6000);
}

// announce tells a screen reader something that the eye sees elsewhere.
export function announce(text) {
  document.getElementById('announcer').textContent = text;
}

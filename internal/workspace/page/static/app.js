// The page's one wiring: every part gets its place in the document, then the first person walks in.

import { fill, icon } from './dom.js';
import { fleet } from './fleet.js';
import { modal } from './modal.js';
import { conversation } from './messages.js';
import { actAs, brand, linkState, rail } from './rail.js';
import { become, changed, facts } from './store.js';
import { threadPane } from './thread.js';

const part = (id) => document.getElementById(id);
const remembered = 'workspace.as';

// enter makes the page another person at once, so that nothing pressed from now on is the last one's.
function enter(user) {
  localStorage.setItem(remembered, user);
  Object.assign(facts, { me: user, views: [], home: null, ephemerals: {} });
  changed('people', 'channels', 'messages', 'thread', 'views', 'home');
  become(user);
}

function railToggle() {
  const toggle = part('rail-toggle');
  fill(toggle, icon('menu'));
  toggle.addEventListener('click', () => {
    const open = document.body.classList.toggle('rail-open');
    toggle.setAttribute('aria-expanded', String(open));
  });
}

brand(part('brand'));
linkState(part('link-state'));
actAs(part('act-as'), enter);
rail(part('rail'));
conversation(part('conversation'));
threadPane(part('thread'));
modal();
fleet(part('fleet'));
railToggle();

document.addEventListener('visibilitychange', () => {
  if (document.hidden || facts.place.kind !== 'channel') return;
  facts.unread[facts.place.channel] = 0;
  changed('channels');
});

become(new URLSearchParams(location.search).get('as') ?? localStorage.getItem(remembered) ?? '');

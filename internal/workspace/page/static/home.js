// The app's home page for this person.

import { fill, h } from './dom.js';
import { post } from './api.js';
import { blocks } from './blocks.js';
import { context } from './context.js';
import { changed, facts } from './store.js';

// homeView draws the home. Coming to it tells the app that this person opened it.
export function homeView(root, arrived) {
  if (arrived) post('/ui/home', { as: facts.me }).catch((error) => console.error('opening the home', error));
  const view = facts.home;
  const sign = JSON.stringify([
    view?.id,
    view?.hash,
    view?.blocks,
    view?.troubles,
    facts.me,
    [...facts.busy.keys()].filter((k) => view && k.startsWith(view.id)),
  ]);
  if (root.sign === sign) return;
  root.sign = sign;
  if (!view) {
    fill(
      root,
      h(
        'div',
        { class: 'empty-home' },
        h('h2', {}, `${facts.app.name || 'The app'} has not drawn its home yet`),
        h(
          'p',
          {},
          'An app publishes its home when somebody opens it. If this stays empty, the app may not be running.',
        ),
      ),
    );
    return;
  }
  fill(
    root,
    h(
      'div',
      { class: 'home-page' },
      blocks(
        view.blocks,
        context(
          { view_id: view.id },
          { troubles: view.troubles ?? [], state: view.state?.values, redraw: () => changed('home') },
        ),
      ),
    ),
  );
}

// The question a dangerous button asks before it acts.

import { h } from './dom.js';
import { textObject } from './mrkdwn.js';

// confirmed asks with a Block Kit confirm object and resolves to true for yes.
export function confirmed(question) {
  return new Promise((resolve) => {
    const ok = h(
      'button',
      {
        type: 'button',
        class: `button ${question.style === 'danger' ? 'danger solid' : 'primary'}`,
        'data-testid': 'confirm-ok',
        onclick: () => end(true),
      },
      textObject(question.confirm ?? 'Yes'),
    );
    const cancel = h(
      'button',
      { type: 'button', class: 'button', 'data-testid': 'confirm-cancel', onclick: () => end(false) },
      textObject(question.deny ?? 'Cancel'),
    );
    const dialog = h(
      'dialog',
      { class: 'modal confirm', 'data-testid': 'confirm', 'aria-labelledby': 'confirm-title' },
      h('h2', { id: 'confirm-title' }, textObject(question.title ?? 'Are you sure?')),
      h('div', { class: 'confirm-text' }, textObject(question.text)),
      h('footer', {}, cancel, ok),
    );
    const end = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      end(false);
    });
    document.body.append(dialog);
    dialog.showModal();
    ok.focus();
  });
}

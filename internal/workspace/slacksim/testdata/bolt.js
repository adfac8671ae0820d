// A stock Bolt for JavaScript app against a workspace on loopback: a command
// with a modal, a button that rewrites its message, and an answer to a mention.
// It prints one line when it is ready and stops when its input ends.
const { App, LogLevel } = require('@slack/bolt');

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  socketMode: true,
  logLevel: LogLevel.ERROR,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});

app.command('/ops', async ({ ack, command, client, respond }) => {
  await ack();
  if (command.text !== 'form') {
    await respond(`you said ${command.text}`);
    return;
  }
  await client.views.open({
    trigger_id: command.trigger_id,
    view: {
      type: 'modal', callback_id: 'form',
      title: { type: 'plain_text', text: 'Form' }, submit: { type: 'plain_text', text: 'Send' },
      blocks: [{ type: 'input', block_id: 'why', label: { type: 'plain_text', text: 'Why' }, element: { type: 'plain_text_input', action_id: 'w' } }],
    },
  });
});

app.view('form', async ({ ack, view }) => {
  if (view.state.values.why.w.value === 'no') {
    await ack({ response_action: 'errors', errors: { why: 'Try again.' } });
    return;
  }
  await ack();
});

app.action('go', async ({ ack, respond, body }) => {
  await ack();
  await respond({ text: `pressed by ${body.user.id}`, replace_original: true });
});

app.event('app_mention', async ({ event, say }) => {
  await say({ text: `hello <@${event.user}>`, thread_ts: event.ts });
});

(async () => {
  await app.start();
  console.log('ready');
  process.stdin.resume();
  process.stdin.on('end', async () => { await app.stop(); process.exit(0); });
})().catch((e) => { console.error(e); process.exit(1); });

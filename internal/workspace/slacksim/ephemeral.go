package slacksim

// slackbot is the user who speaks for Slack itself.
const slackbot = "USLACKBOT"

func (w *Workspace) chatEphemeral(c *call) (Object, error) {
	ch, err := w.postable(c)
	if err != nil {
		return nil, err
	}
	u := w.user(c.str("user"))
	if u == nil || !ch.has(u.ID) {
		return nil, fail("user_not_in_channel")
	}
	body, err := w.readContent(c)
	if err != nil {
		return nil, err
	}
	if body.empty() {
		return nil, fail("no_text")
	}
	if len([]rune(body.body)) > 40000 {
		return nil, fail("msg_too_long")
	}
	m := w.botMessage(body)
	m.ThreadTS = c.str("thread_ts")
	w.whisperTo(ch, u.ID, m)
	return Object{"message_ts": m.TS}, nil
}

// whisperTo shows a message to one person.
func (w *Workspace) whisperTo(ch *Channel, user string, m *Message) {
	m.TS, m.Ephemeral, m.seenBy = w.newTS(), true, user
	w.whispers[ch.ID] = append(w.whispers[ch.ID], m)
	w.changed(event{Type: "ephemeral", user: user, data: Object{"channel": ch.ID, "message": m}})
}

// unwhisper takes an ephemeral message away.
func (w *Workspace) unwhisper(ch *Channel, m *Message) {
	kept := w.whispers[ch.ID][:0:0]
	for _, o := range w.whispers[ch.ID] {
		if o != m {
			kept = append(kept, o)
		}
	}
	w.whispers[ch.ID] = kept
	w.changed(event{Type: "ephemeral_deleted", user: m.seenBy, data: Object{"channel": ch.ID, "ts": m.TS}})
}

// notice is what Slack itself tells one person, as Slackbot.
func (w *Workspace) notice(ch *Channel, user, thread, said string) {
	w.notices[user] = append(w.notices[user], said)
	w.whisperTo(ch, user, &Message{Type: "message", User: slackbot, Text: said, ThreadTS: thread})
	w.changed(event{Type: "notice", user: user, data: Object{"channel": ch.ID, "text": said}})
}

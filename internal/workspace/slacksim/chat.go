package slacksim

import (
	"slices"
	"strconv"
	"time"

	"github.com/amiral-ops/amiral/internal/workspace/slacksim/blockkit"
)

// content is what a message is made of, as a request gave it.
type content struct {
	hasText     bool
	body        string
	blocks      []any
	hasBlocks   bool
	attachments []any
	hasAttach   bool
	metadata    Object
}

func (c content) empty() bool {
	return c.body == "" && len(c.blocks) == 0 && len(c.attachments) == 0
}

// readContent takes and validates the content arguments of a call.
func (w *Workspace) readContent(c *call) (content, error) {
	var out content
	if c.has("markdown_text") && c.str("markdown_text") != "" {
		return w.readMarkdown(c)
	}
	out.hasText = c.has("text")
	out.body = w.sanitize(c.str("text"), c)
	if c.has("blocks") && c.args["blocks"] != "" {
		blocks, err := w.readBlocks(c)
		if err != nil {
			return out, err
		}
		out.blocks, out.hasBlocks = blocks, true
	}
	if c.has("attachments") && c.args["attachments"] != "" {
		v, err := c.data("attachments")
		l, ok := v.([]any)
		if err != nil || !ok && v != nil {
			return out, fail("invalid_attachments")
		}
		if len(l) > 100 {
			return out, fail("too_many_attachments")
		}
		out.attachments, out.hasAttach = l, true
	}
	if v, err := c.data("metadata"); err == nil && object(v) != nil && text(object(v)["event_type"]) != "" {
		out.metadata = object(v)
	}
	return out, nil
}

func (w *Workspace) readMarkdown(c *call) (content, error) {
	md := c.str("markdown_text")
	if c.str("text") != "" || c.has("blocks") {
		return content{}, fail("markdown_text_conflict")
	}
	if len([]rune(md)) > 12000 {
		return content{}, fail("msg_too_long")
	}
	block := []any{Object{"type": "markdown", "text": md, "block_id": w.blockID()}}
	return content{hasText: true, body: md, blocks: block, hasBlocks: true}, nil
}

func (w *Workspace) readBlocks(c *call) ([]any, error) {
	v, err := c.data("blocks")
	if err != nil {
		return nil, fail("invalid_blocks_format")
	}
	blocks, ok := v.([]any)
	if !ok && v != nil {
		return nil, fail("invalid_blocks_format")
	}
	return w.checkBlocks(blocks)
}

// checkBlocks validates the blocks of a message and gives ids to those without.
func (w *Workspace) checkBlocks(blocks []any) ([]any, error) {
	if problems := blockkit.Validate(blocks, blockkit.Message); len(problems) > 0 {
		return nil, failWith("invalid_blocks", lines(problems)...)
	}
	done := blockkit.Complete(blocks, w.blockID)
	storeTexts(done)
	return done, nil
}

func lines(problems []blockkit.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.String())
	}
	return out
}

func (w *Workspace) blockID() string { return w.newHex(3)[:5] }

// postable finds the channel a bot wants to write to, and says why it may not.
func (w *Workspace) postable(c *call) (*Channel, error) {
	ref := c.str("channel")
	ch := w.channel(ref)
	if u := w.user(ref); ch == nil && u != nil {
		ch = w.direct(u.ID, w.opt.App.BotUserID)
	}
	if ch == nil {
		ch = w.findChannel(ref, "")
	}
	return ch, w.mayWrite(ch)
}

func (w *Workspace) mayWrite(ch *Channel) error {
	bot := w.opt.App.BotUserID
	switch {
	case ch == nil, !ch.has(bot) && !ch.open():
		return fail("channel_not_found")
	case ch.IsArchived:
		return fail("is_archived")
	case !ch.has(bot) && !w.granted("chat:write.public"):
		return fail("not_in_channel")
	}
	return nil
}

func (w *Workspace) chatPost(c *call) (Object, error) {
	m, ch, err := w.compose(c)
	if err != nil {
		return nil, err
	}
	w.add(ch, m)
	return Object{"channel": ch.ID, "ts": m.TS, "message": m.forApps(true)}, nil
}

// compose checks a request to post and builds the message, without a time.
func (w *Workspace) compose(c *call) (*Message, *Channel, error) {
	ch, err := w.postable(c)
	if err != nil {
		return nil, nil, err
	}
	body, err := w.readContent(c)
	if err != nil {
		return nil, nil, err
	}
	if body.empty() {
		return nil, nil, fail("no_text")
	}
	m := w.botMessage(body)
	if c.str("username") != "" && w.granted("chat:write.customize") {
		m.Username = c.str("username")
	}
	if thread := c.str("thread_ts"); thread != "" {
		if w.message(ch.ID, thread) == nil {
			return nil, nil, fail("cannot_reply_to_message")
		}
		m.ThreadTS = thread
		if c.truth("reply_broadcast") {
			m.Subtype = "thread_broadcast"
		}
	}
	return m, ch, nil
}

func (w *Workspace) botMessage(c content) *Message {
	a := w.opt.App
	return &Message{
		Type: "message", User: a.BotUserID, BotID: a.BotID, AppID: a.ID, Team: w.opt.Team.ID,
		Text: clip(c.body, 40000), Blocks: c.blocks, Attachments: c.attachments, Metadata: c.metadata,
		BotProfile: Object{"id": a.BotID, "app_id": a.ID, "name": a.Name, "team_id": w.opt.Team.ID, "deleted": false, "updated": 0, "icons": Object{}},
	}
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// add stores a new message, tells the people who look on, and the app.
func (w *Workspace) add(ch *Channel, m *Message) {
	if m.TS == "" {
		m.TS = w.newTS()
	}
	w.messages[ch.ID] = append(w.messages[ch.ID], m)
	w.countReply(ch, m, 1)
	w.changed(event{Type: "message", channel: ch, data: Object{"channel": ch.ID, "message": m}})
	w.announce(ch, m)
}

// countReply keeps the figures on a thread's parent.
func (w *Workspace) countReply(ch *Channel, m *Message, n int) {
	if m.ThreadTS == "" || m.ThreadTS == m.TS {
		return
	}
	parent := w.message(ch.ID, m.ThreadTS)
	if parent == nil {
		return
	}
	m.ParentUserID = parent.User
	parent.ReplyCount += n
	parent.ThreadTS, parent.LatestReply, parent.ReplyUsers = parent.TS, "", nil
	for _, r := range w.messages[ch.ID] {
		if r.ThreadTS == parent.TS && r != parent {
			parent.LatestReply = r.TS
			if !slices.Contains(parent.ReplyUsers, r.User) {
				parent.ReplyUsers = append(parent.ReplyUsers, r.User)
			}
		}
	}
	if parent.ReplyCount == 0 {
		parent.ThreadTS = ""
	}
	w.changed(event{Type: "message", channel: ch, data: Object{"channel": ch.ID, "message": parent}})
}

// own finds the message a call wants to change.
func (w *Workspace) own(c *call, refusal string) (*Message, *Channel, error) {
	ch := w.channel(c.str("channel"))
	if ch == nil || (!ch.open() && !ch.has(w.opt.App.BotUserID)) {
		return nil, nil, fail("channel_not_found")
	}
	m := w.message(ch.ID, c.str("ts"))
	switch {
	case m == nil:
		return nil, nil, fail("message_not_found")
	case m.User != w.opt.App.BotUserID:
		return nil, nil, fail(refusal)
	case ch.IsArchived:
		return nil, nil, fail("is_archived")
	}
	return m, ch, nil
}

func (w *Workspace) chatUpdate(c *call) (Object, error) {
	m, ch, err := w.own(c, "cant_update_message")
	if err != nil {
		return nil, err
	}
	if len([]rune(c.str("text"))) > 4000 {
		return nil, fail("msg_too_long")
	}
	body, err := w.readContent(c)
	if err != nil {
		return nil, err
	}
	if !body.hasBlocks && !body.hasAttach && body.metadata == nil && body.body == "" {
		return nil, fail("no_text")
	}
	w.revise(ch, m, body)
	return Object{"channel": ch.ID, "ts": m.TS, "text": m.Text, "message": m.forApps(true)}, nil
}

// revise replaces what was sent: text alone removes blocks, blocks alone keep
// the text and leave no mark of an edit.
func (w *Workspace) revise(ch *Channel, m *Message, body content) {
	before := m.forApps(false)
	if body.body != "" {
		if !body.hasBlocks || m.Text != body.body {
			m.Edited = &Edited{User: m.User, TS: w.newTS()}
		}
		m.Text, m.Blocks = clip(body.body, 40000), nil
	}
	if body.hasBlocks {
		m.Blocks = body.blocks
	}
	if body.hasAttach {
		m.Attachments = body.attachments
	}
	if body.metadata != nil {
		m.Metadata = body.metadata
	}
	m.Troubles = nil
	w.changed(event{Type: "message", channel: ch, data: Object{"channel": ch.ID, "message": m}})
	w.announceChange(ch, before, m)
}

func (w *Workspace) chatDelete(c *call) (Object, error) {
	m, ch, err := w.own(c, "cant_delete_message")
	if err != nil {
		return nil, err
	}
	w.remove(ch, m)
	return Object{"channel": ch.ID, "ts": m.TS}, nil
}

// remove deletes a message; the parent of a thread leaves a tombstone.
func (w *Workspace) remove(ch *Channel, m *Message) {
	before := m.forApps(false)
	if m.ReplyCount > 0 {
		m.Subtype, m.Text, m.Blocks, m.Attachments, m.Reactions = "tombstone", "This message was deleted.", nil, nil, nil
		m.User, m.BotID, m.BotProfile = slackbot, "", nil
		w.changed(event{Type: "message", channel: ch, data: Object{"channel": ch.ID, "message": m}})
	} else {
		kept := w.messages[ch.ID][:0:0]
		for _, o := range w.messages[ch.ID] {
			if o != m {
				kept = append(kept, o)
			}
		}
		w.messages[ch.ID] = kept
		w.countReply(ch, m, -1)
		w.changed(event{Type: "message_deleted", channel: ch, data: Object{"channel": ch.ID, "ts": m.TS}})
	}
	w.announceDeletion(ch, before)
}

func (w *Workspace) chatPermalink(c *call) (Object, error) {
	ch := w.channel(c.str("channel"))
	if ch == nil || (!ch.open() && !ch.has(w.opt.App.BotUserID)) {
		return nil, fail("channel_not_found")
	}
	m := w.message(ch.ID, c.str("message_ts"))
	if m == nil {
		return nil, fail("message_not_found")
	}
	return Object{"channel": ch.ID, "permalink": w.permalink(ch, m)}, nil
}

func (w *Workspace) permalink(ch *Channel, m *Message) string {
	link := "https://" + w.opt.Team.Domain + ".slack.com/archives/" + ch.ID + "/p" + digits(m.TS)
	if m.ThreadTS != "" && m.ThreadTS != m.TS {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + ch.ID
	}
	return link
}

func digits(ts string) string {
	var out []byte
	for i := range len(ts) {
		if ts[i] != '.' {
			out = append(out, ts[i])
		}
	}
	return string(out)
}

func (w *Workspace) chatSchedule(c *call) (Object, error) {
	at, err := strconv.ParseInt(c.str("post_at"), 10, 64)
	if err != nil {
		return nil, fail("invalid_time")
	}
	wait := time.Unix(at, 0).Sub(w.now())
	switch {
	case wait <= 0:
		return nil, fail("time_in_past")
	case wait > 120*24*time.Hour:
		return nil, fail("time_too_far")
	}
	m, ch, err := w.compose(c)
	if err != nil {
		return nil, err
	}
	id := w.newID("Q")
	w.scheduled[id] = w.after(w.opt.After, wait, func() {
		delete(w.scheduled, id)
		if w.mayWrite(ch) == nil {
			w.add(ch, m)
		}
	})
	return Object{"channel": ch.ID, "scheduled_message_id": id, "post_at": at, "message": m.forApps(true)}, nil
}

func (w *Workspace) chatUnschedule(c *call) (Object, error) {
	id := c.str("scheduled_message_id")
	stop, ok := w.scheduled[id]
	if !ok {
		return nil, fail("invalid_scheduled_message_id")
	}
	delete(w.scheduled, id)
	stop()
	return nil, nil
}

package slacksim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// responseURL is an address at which an app may answer an interaction.
type responseURL struct {
	channel *Channel
	user    string
	expires time.Time
	uses    int
	source  *Message // the app's message that was pressed, if there was one
}

const responseUses = 5

func (w *Workspace) newResponse(ch *Channel, user string, source *Message) string {
	path := "/response/" + w.opt.Team.ID + "/" + w.newHex(6) + "/" + w.newHex(12)
	w.responses[path] = &responseURL{channel: ch, user: user, expires: w.now().Add(w.opt.Timings.ResponseURL), source: source}
	return w.base + path
}

// reply is the message an app answers with, through a response_url or in the
// acknowledgement of a slash command.
type reply struct {
	ResponseType    string `json:"response_type"`
	Text            string `json:"text"`
	Blocks          []any  `json:"blocks"`
	Attachments     []any  `json:"attachments"`
	ThreadTS        string `json:"thread_ts"`
	ReplaceOriginal flag   `json:"replace_original"`
	DeleteOriginal  flag   `json:"delete_original"`
}

func (r reply) empty() bool { return r.Text == "" && len(r.Blocks) == 0 && len(r.Attachments) == 0 }

// flag is a boolean that may be written as a string.
type flag bool

// UnmarshalJSON takes true, false, "true" and "false".
func (f *flag) UnmarshalJSON(b []byte) error {
	*f = flag(strings.Trim(string(b), `"`) == "true")
	return nil
}

func (w *Workspace) serveResponse(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, bodyLimit))
	fault, faulty := w.faults.take("response_url")
	if faulty && !w.hold(r, fault.delay()) {
		return
	}
	status, said := http.StatusOK, "ok"
	fails := faulty && !fault.onlySlow()
	if !fails || fault.AfterEffect {
		w.mu.Lock()
		status, said = w.respond(r.URL.Path, body)
		w.mu.Unlock()
	}
	if fails {
		status, said = fault.Status, fault.Error
		or(&status, http.StatusInternalServerError)
		or(&said, "internal_error")
	}
	w.journal.add(Entry{Kind: "response_url", Method: "response_url", Status: status, Data: string(body), Reply: said})
	if fails && fault.AfterEffect && fault.Status == 0 && fault.Error == "" {
		panic(http.ErrAbortHandler)
	}
	rw.Header().Set("Content-Type", "text/html")
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, said)
}

// respond does what was posted to a response_url and says how it went.
func (w *Workspace) respond(path string, body []byte) (int, string) {
	u := w.responses[path]
	switch {
	case u == nil:
		return http.StatusNotFound, "no_service"
	case w.now().After(u.expires):
		return http.StatusNotFound, "expired_url"
	case u.uses >= responseUses:
		return http.StatusNotFound, "used_url"
	}
	var r reply
	if err := json.Unmarshal(body, &r); err != nil {
		return http.StatusBadRequest, "invalid_payload"
	}
	if r.empty() && !bool(r.DeleteOriginal) {
		return http.StatusBadRequest, "no_text"
	}
	if err := w.answer(u, r); err != nil {
		var bad *apiError
		errors.As(err, &bad)
		return http.StatusBadRequest, string(marshal(bad.body()))
	}
	u.uses++
	return http.StatusOK, "ok"
}

// answer shows a reply in the place its response_url belongs to.
func (w *Workspace) answer(u *responseURL, r reply) error {
	if len(r.Blocks) > 0 {
		blocks, err := w.checkBlocks(r.Blocks)
		if err != nil {
			return err
		}
		r.Blocks = blocks
	}
	source := w.present(u)
	if bool(r.ReplaceOriginal) && source != nil && !r.empty() {
		w.replace(u.channel, source, r)
		return nil
	}
	if bool(r.DeleteOriginal) && source != nil {
		w.takeAway(u.channel, source)
	}
	if !r.empty() {
		w.show(u.channel, u.user, r)
	}
	return nil
}

// present is the source message if it is still there.
func (w *Workspace) present(u *responseURL) *Message {
	if u.source == nil {
		return nil
	}
	if u.source.Ephemeral {
		return w.whisper(u.channel.ID, u.source.TS)
	}
	return w.message(u.channel.ID, u.source.TS)
}

func (w *Workspace) replace(ch *Channel, m *Message, r reply) {
	body := content{body: stored(r.Text), blocks: r.Blocks, hasBlocks: len(r.Blocks) > 0, attachments: r.Attachments, hasAttach: len(r.Attachments) > 0}
	if !m.Ephemeral {
		w.revise(ch, m, body)
		return
	}
	m.Text, m.Blocks, m.Attachments, m.Troubles = body.body, body.blocks, body.attachments, nil
	w.changed(event{Type: "ephemeral", user: m.seenBy, data: Object{"channel": ch.ID, "message": m}})
}

func (w *Workspace) takeAway(ch *Channel, m *Message) {
	if m.Ephemeral {
		w.unwhisper(ch, m)
		return
	}
	w.remove(ch, m)
}

// show posts a reply: to one person, unless it asks for the channel.
func (w *Workspace) show(ch *Channel, user string, r reply) {
	m := w.botMessage(content{body: stored(r.Text), blocks: r.Blocks, attachments: r.Attachments})
	if r.ResponseType != "in_channel" {
		m.ThreadTS = ""
		w.whisperTo(ch, user, m)
		return
	}
	if r.ThreadTS != "" && !bool(r.ReplaceOriginal) && w.message(ch.ID, r.ThreadTS) != nil {
		m.ThreadTS = r.ThreadTS
	}
	w.add(ch, m)
}

package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// deed is what a page asks for: the union of the fields of all its requests.
type deed struct {
	As         string     `json:"as"`
	Channel    string     `json:"channel"`
	TS         string     `json:"ts"`
	ThreadTS   string     `json:"thread_ts"`
	Text       string     `json:"text"`
	ViewID     string     `json:"view_id"`
	BlockID    string     `json:"block_id"`
	ActionID   string     `json:"action_id"`
	CallbackID string     `json:"callback_id"`
	Name       string     `json:"name"`
	Cleared    bool       `json:"cleared"`
	Tab        string     `json:"tab"`
	How        Disruption `json:"how"`
	User       string     `json:"user"`
	Deleted    *bool      `json:"deleted"`
	Handle     string     `json:"handle"`
	Users      []string   `json:"users"`

	Values map[string]map[string]any `json:"values"`

	raw Object
}

// people serves /ui/, the JSON side for a page in a browser.
func (w *Workspace) people() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ui/state", w.serveState)
	mux.HandleFunc("GET /ui/events", w.serveEvents)
	mux.HandleFunc("GET /ui/journal", func(rw http.ResponseWriter, _ *http.Request) {
		uiReply(rw, Object{"entries": w.Journal()}, nil)
	})
	mux.HandleFunc("GET /ui/fault", func(rw http.ResponseWriter, _ *http.Request) {
		uiReply(rw, Object{"faults": w.faults.List()}, nil)
	})
	mux.HandleFunc("DELETE /ui/fault", func(rw http.ResponseWriter, _ *http.Request) {
		w.faults.Clear()
		uiReply(rw, nil, nil)
	})
	for path, do := range map[string]func(deed) (Object, error){
		"send": w.uiSend, "click": w.uiClick, "submit": w.uiSubmit, "close": w.uiClose, "home": w.uiHome,
		"options": w.uiOptions, "shortcut": w.uiShortcut, "react": w.uiReact, "sockets": w.uiSockets,
		"outage": w.uiOutage, "fault": w.uiFault, "users": w.uiUsers, "groups": w.uiGroups,
	} {
		mux.HandleFunc("POST /ui/"+path, take(do))
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h := rw.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Headers", "*")
		h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS")
		if r.Method == http.MethodOptions {
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		mux.ServeHTTP(rw, r)
	})
}

// take reads a deed and answers with what came of it.
func take(do func(deed) (Object, error)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		var d deed
		var data json.RawMessage
		err := json.NewDecoder(http.MaxBytesReader(rw, r.Body, bodyLimit)).Decode(&data)
		if err == nil {
			err = errors.Join(json.Unmarshal(data, &d), json.Unmarshal(data, &d.raw))
		}
		if err != nil {
			uiReply(rw, nil, fmt.Errorf("read the request: %w", err))
			return
		}
		out, err := do(d)
		uiReply(rw, out, err)
	}
}

func uiReply(rw http.ResponseWriter, out Object, err error) {
	reply := Object{"ok": err == nil}
	for k, v := range out {
		reply[k] = v
	}
	if err != nil {
		reply["error"] = err.Error()
	}
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = rw.Write(marshal(reply))
}

// uiSend posts what was typed, or sends it as a command when it names one.
func (w *Workspace) uiSend(d deed) (Object, error) {
	p := w.As(d.As)
	name, _, _ := strings.Cut(d.Text, " ")
	if strings.HasPrefix(d.Text, "/") && w.command(name) != nil {
		return nil, p.SlashInThread(d.Channel, d.ThreadTS, d.Text)
	}
	ts, err := p.Reply(d.Channel, d.ThreadTS, d.Text)
	return Object{"ts": ts}, err
}

func (d deed) control() Control {
	return Control{Channel: d.Channel, TS: d.TS, View: d.ViewID, Block: d.BlockID, Action: d.ActionID}
}

// value is what a person gave to a control: a property such as
// selected_option, or value.
func (d deed) value() any {
	for k, v := range d.raw {
		if strings.HasPrefix(k, "selected_") {
			return v
		}
	}
	return d.raw["value"]
}

func (w *Workspace) uiClick(d deed) (Object, error) {
	return nil, w.As(d.As).Use(d.control(), d.value())
}

func (w *Workspace) uiSubmit(d deed) (Object, error) {
	p := w.As(d.As)
	err := p.wait(func(u *User, done func(error)) error {
		v := w.viewByID(d.ViewID)
		if v == nil || v != w.top(u.ID) {
			return fmt.Errorf("view %q is not open on top", d.ViewID)
		}
		if err := w.fill(u, v, d.Values); err != nil {
			return err
		}
		w.submit(u, v, done)
		return nil
	})
	out := Object{}
	if v := p.View(); v != nil && v.ID == d.ViewID && len(v.Errors) > 0 {
		out["errors"] = v.Errors
	}
	return out, err
}

func (w *Workspace) uiClose(d deed) (Object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, err := w.As(d.As).acting()
	if err != nil {
		return nil, err
	}
	v := w.viewByID(d.ViewID)
	if d.ViewID == "" {
		v = w.top(u.ID)
	}
	if v == nil || v.User != u.ID || v.Type != "modal" {
		return nil, fmt.Errorf("view %q is not open", d.ViewID)
	}
	w.closeView(u, v, d.Cleared)
	return nil, nil
}

func (w *Workspace) uiHome(d deed) (Object, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, err := w.As(d.As).acting()
	if err != nil {
		return nil, err
	}
	or(&d.Tab, "home")
	return Object{"channel": w.openHome(u, d.Tab).ID, "home": w.uiView(w.homes[u.ID])}, nil
}

func (w *Workspace) uiOptions(d deed) (Object, error) {
	typed, _ := d.raw["value"].(string)
	groups, err := w.As(d.As).suggested(d.control(), typed)
	return Object{"options": append([]any{}, flatten(groups)...), "option_groups": append([]any{}, groups...)}, err
}

func (w *Workspace) uiShortcut(d deed) (Object, error) {
	return nil, w.As(d.As).Shortcut(d.CallbackID, d.Channel, d.TS)
}

func (w *Workspace) uiReact(d deed) (Object, error) {
	return nil, w.As(d.As).React(d.Channel, d.TS, d.Name)
}

func (w *Workspace) uiSockets(d deed) (Object, error) { return nil, w.DropSockets(d.How) }

func (w *Workspace) uiOutage(d deed) (Object, error) { return nil, w.SetOutage(Outage(d.How)) }

func (w *Workspace) uiFault(d deed) (Object, error) {
	var f Fault
	if err := json.Unmarshal(marshal(d.raw), &f); err != nil || f.Method == "" {
		return nil, errors.New("a fault needs a method")
	}
	w.faults.Add(f)
	return nil, nil
}

func (w *Workspace) uiUsers(d deed) (Object, error) {
	if d.Deleted == nil || *d.Deleted {
		return nil, w.Deactivate(d.User)
	}
	return nil, w.Restore(d.User)
}

func (w *Workspace) uiGroups(d deed) (Object, error) { return nil, w.SetGroup(d.Handle, d.Users...) }

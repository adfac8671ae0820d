package slacksim

import (
	"fmt"
	"slices"
)

// Person is one user's hands and eyes. Actions that the app must acknowledge
// return when it has, or with [ErrTimeout] or [ErrNobody].
type Person struct {
	w   *Workspace
	ref string
}

// As returns the person with a name or id. Actions of somebody who is not
// there fail.
func (w *Workspace) As(user string) *Person { return &Person{w: w, ref: user} }

// Control names a button, menu or input: in a message (Channel and TS), or in
// a view (View; the modal on top when all three are empty). Action is an
// action_id, or what is written on or beside the control.
type Control struct {
	Channel, TS string
	View        string
	Block       string // block_id, when action ids repeat
	Action      string
}

// self finds the user; the lock must be held.
func (p *Person) self() (*User, error) {
	u := p.w.findUser(p.ref)
	switch {
	case u == nil:
		return nil, fmt.Errorf("there is no user %q", p.ref)
	case u.Deleted:
		return nil, fmt.Errorf("%s is deactivated", u.Name)
	}
	return u, nil
}

// acting finds the user for a deed, which nobody can do while Slack is away; the lock must be held.
func (p *Person) acting() (*User, error) {
	if p.w.outage != Up {
		return nil, ErrDown
	}
	return p.self()
}

// wait runs start under the lock and waits until it calls done. A nil-error
// done may come at once.
func (p *Person) wait(start func(u *User, done func(error)) error) error {
	ended := make(chan error, 1)
	p.w.mu.Lock()
	u, err := p.acting()
	if err == nil && p.w.closed {
		err = ErrClosed
	}
	if err == nil {
		err = start(u, func(e error) { ended <- e })
	}
	p.w.mu.Unlock()
	if err != nil {
		return err
	}
	return <-ended
}

// Say posts to a channel ("#deploys", an id, or "@name" for a direct message)
// and returns the message's ts.
func (p *Person) Say(channel, line string) (string, error) { return p.Reply(channel, "", line) }

// Reply posts in the thread of a message and returns the reply's ts.
func (p *Person) Reply(channel, thread, line string) (string, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	u, err := p.acting()
	if err != nil {
		return "", err
	}
	ch, err := p.w.enterable(u, channel)
	if err != nil {
		return "", err
	}
	m, err := p.w.say(u, ch, thread, line)
	if err != nil {
		return "", err
	}
	return m.TS, nil
}

// Slash types a slash command, such as "/asg list".
func (p *Person) Slash(channel, line string) error { return p.SlashInThread(channel, "", line) }

// SlashInThread types a slash command in a thread, which Slack refuses.
func (p *Person) SlashInThread(channel, thread, line string) error {
	return p.wait(func(u *User, done func(error)) error {
		ch, err := p.w.enterable(u, channel)
		switch {
		case err != nil:
			return err
		case ch.IsArchived:
			return errArchived
		case thread != "":
			return p.w.refuseInThread(u, ch, thread, line)
		}
		p.w.slash(u, ch, line, done)
		return nil
	})
}

// Edit changes the text of one of the person's messages.
func (p *Person) Edit(channel, ts, line string) error {
	return p.change(channel, ts, func(ch *Channel, m *Message) {
		body := p.w.typed(line)
		p.w.revise(ch, m, content{body: body, blocks: p.w.richText(body), hasBlocks: true})
	})
}

// Delete deletes one of the person's messages.
func (p *Person) Delete(channel, ts string) error {
	return p.change(channel, ts, p.w.remove)
}

func (p *Person) change(channel, ts string, do func(*Channel, *Message)) error {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	u, err := p.acting()
	if err != nil {
		return err
	}
	ch, err := p.w.enterable(u, channel)
	if err != nil {
		return err
	}
	m := p.w.message(ch.ID, ts)
	if m == nil || m.User != u.ID {
		return fmt.Errorf("%s has no message %s in %q", u.Name, ts, channel)
	}
	do(ch, m)
	return nil
}

// React adds an emoji to a message.
func (p *Person) React(channel, ts, emoji string) error {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	u, err := p.acting()
	if err != nil {
		return err
	}
	ch, err := p.w.enterable(u, channel)
	if err != nil {
		return err
	}
	m := p.w.message(ch.ID, ts)
	if m == nil {
		return fmt.Errorf("there is no message %s in %q", ts, channel)
	}
	if !p.w.react(ch, m, u.ID, emoji) {
		p.w.unreact(ch, m, u.ID, emoji)
	}
	return nil
}

// Join makes the person, or with Invite somebody else, a member of a channel.
func (p *Person) Join(channel string) error { return p.Invite(channel, p.ref) }

// Invite makes a user a member of a channel, the app's bot included.
func (p *Person) Invite(channel, user string) error {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	ch, u := p.w.findChannel(channel, ""), p.w.findUser(user)
	if ch == nil || u == nil {
		return fmt.Errorf("there is no channel %q or user %q", channel, user)
	}
	if !ch.has(u.ID) {
		p.w.join(ch, u.ID)
	}
	return nil
}

// Click presses a button of a message, named by action_id or label.
func (p *Person) Click(channel, ts, action string) error {
	return p.Use(Control{Channel: channel, TS: ts, Action: action}, nil)
}

// Select chooses in a menu of a message: an option's value or label, or a list.
func (p *Person) Select(channel, ts, action string, value any) error {
	return p.Use(Control{Channel: channel, TS: ts, Action: action}, value)
}

// Press presses a button of the modal on top.
func (p *Person) Press(action string) error { return p.Use(Control{Action: action}, nil) }

// Choose chooses or types in a control of the modal on top.
func (p *Person) Choose(action string, value any) error {
	return p.Use(Control{Action: action}, value)
}

// PressHome presses a button of the home tab.
func (p *Person) PressHome(action string) error {
	v := p.Home()
	if v == nil {
		return fmt.Errorf("%s has no home tab", p.ref)
	}
	return p.Use(Control{View: v.ID, Action: action}, nil)
}

// Use operates any control; value is nil for buttons.
func (p *Person) Use(c Control, value any) error {
	return p.wait(func(u *User, done func(error)) error {
		a, err := p.w.target(u, c)
		if err != nil {
			return err
		}
		a.raw = value
		p.w.use(a, done)
		return nil
	})
}

// Suggest types into an external select and returns the options the app offers.
func (p *Person) Suggest(c Control, typed string) ([]any, error) {
	groups, err := p.suggested(c, typed)
	return flatten(groups), err
}

// suggested are the options in groups.
func (p *Person) suggested(c Control, typed string) ([]any, error) {
	var found []any
	err := p.wait(func(u *User, done func(error)) error {
		a, err := p.w.target(u, c)
		if err != nil {
			return err
		}
		p.w.suggest(a, typed, func(groups []any, err error) {
			found = groups
			done(err)
		})
		return nil
	})
	return found, err
}

// Shortcut runs a message shortcut, or a global one when channel is empty.
func (p *Person) Shortcut(callbackID, channel, ts string) error {
	return p.wait(func(u *User, done func(error)) error {
		if !slices.ContainsFunc(p.w.opt.App.Shortcuts, func(s Shortcut) bool { return s.CallbackID == callbackID }) {
			return fmt.Errorf("there is no shortcut %q", callbackID)
		}
		if channel == "" {
			p.w.shortcut(u, callbackID, nil, nil, done)
			return nil
		}
		s, err := p.w.place(u, channel, ts)
		if err != nil {
			return err
		}
		p.w.shortcut(u, callbackID, s.channel, s.message, done)
		return nil
	})
}

// Submit fills in the modal on top and submits it. Values are named by label,
// block_id or action_id of their inputs.
func (p *Person) Submit(values map[string]any) error {
	return p.wait(func(u *User, done func(error)) error {
		v := p.w.top(u.ID)
		if v == nil {
			return fmt.Errorf("%s has no modal open", u.Name)
		}
		for name, raw := range values {
			placed, err := source{view: v}.find("", name)
			if err != nil {
				return err
			}
			if err := p.w.enter(act{user: u, source: source{view: v}, placed: placed, raw: raw}); err != nil {
				return err
			}
		}
		p.w.submit(u, v, done)
		return nil
	})
}

// CloseView presses Cancel of the modal on top.
func (p *Person) CloseView() error { return p.leave(false) }

// CloseAll presses the X of the modal, which closes every view of the stack.
func (p *Person) CloseAll() error { return p.leave(true) }

func (p *Person) leave(all bool) error {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	u, err := p.acting()
	if err != nil {
		return err
	}
	v := p.w.top(u.ID)
	if v == nil {
		return fmt.Errorf("%s has no modal open", u.Name)
	}
	p.w.closeView(u, v, all)
	return nil
}

// OpenHome opens the app's home tab.
func (p *Person) OpenHome() error {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	u, err := p.acting()
	if err != nil {
		return err
	}
	p.w.openHome(u, "home")
	return nil
}

// target finds a control a person can see.
func (w *Workspace) target(u *User, c Control) (act, error) {
	s, err := w.locate(u, c)
	if err != nil {
		return act{}, err
	}
	placed, err := s.find(c.Block, c.Action)
	return act{user: u, source: s, placed: placed}, err
}

func (w *Workspace) locate(u *User, c Control) (source, error) {
	if c.Channel != "" {
		return w.place(u, c.Channel, c.TS)
	}
	v := w.top(u.ID)
	if c.View != "" {
		v = w.viewByID(c.View)
	}
	if v == nil || v.User != u.ID {
		return source{}, fmt.Errorf("%s has no such view open", u.Name)
	}
	return source{view: v}, nil
}

// place finds a message a person can see, ephemeral ones included.
func (w *Workspace) place(u *User, channel, ts string) (source, error) {
	ch := w.findChannel(channel, u.ID)
	if ch == nil || (!ch.has(u.ID) && !ch.open()) {
		return source{}, fmt.Errorf("there is no channel %q", channel)
	}
	m := w.message(ch.ID, ts)
	if m == nil {
		m = w.whisper(ch.ID, ts)
	}
	if m == nil || (m.Ephemeral && m.seenBy != u.ID) {
		return source{}, fmt.Errorf("there is no message %s in %q", ts, channel)
	}
	return source{channel: ch, message: m}, nil
}

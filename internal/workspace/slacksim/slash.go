package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// What a person sees when an app does not answer.
var (
	// ErrTimeout means the app did not acknowledge within three seconds.
	ErrTimeout = errors.New("operation_timeout")
	// ErrNobody means no connection of the app was open.
	ErrNobody = errors.New("dispatch_failed")
	// ErrClosed means the workspace closed meanwhile.
	ErrClosed = errors.New("workspace closed")
	// ErrBadAnswer means the app acknowledged with something Slack refuses.
	ErrBadAnswer = errors.New("the app's answer was refused")
)

func (how outcome) err() error {
	switch how {
	case late:
		return ErrTimeout
	case nobody:
		return ErrNobody
	case lost:
		return ErrClosed
	}
	return nil
}

func (w *Workspace) command(name string) *Command {
	for i, c := range w.opt.App.Commands {
		if c.Command == name {
			return &w.opt.App.Commands[i]
		}
	}
	return nil
}

// slash sends a typed command to the app and ends by calling done.
func (w *Workspace) slash(u *User, ch *Channel, line string, done func(error)) {
	name, rest, _ := strings.Cut(line, " ")
	cmd := w.command(name)
	if cmd == nil || u.TeamID != w.opt.Team.ID { // people of other workspaces have no commands here
		w.notice(ch, u.ID, "", name+" is not a valid command. In Slack, all messages that start with the “/” character are interpreted as commands.")
		done(fmt.Errorf("there is no command %q", name))
		return
	}
	w.sendSlash(u, ch, line, w.slashPayload(u, ch, cmd, rest), w.opt.RedeliverSlash, done)
}

func (w *Workspace) sendSlash(u *User, ch *Channel, line string, payload Object, again bool, done func(error)) {
	w.post("slash_commands", payload, Object{"accepts_response_payload": true}, func(how outcome, answer Object) {
		if how == acked {
			done(w.slashAnswered(u, ch, line, answer))
			return
		}
		if how != lost {
			name, _, _ := strings.Cut(line, " ")
			w.notice(ch, u.ID, "", fmt.Sprintf("%s failed with the error \"%s\"", name, how.err()))
		}
		done(how.err())
		if again && how != lost {
			w.sendSlash(u, ch, line, payload, false, func(error) {})
		}
	})
}

func (w *Workspace) slashPayload(u *User, ch *Channel, cmd *Command, rest string) Object {
	where := ch.Name
	switch {
	case ch.IsIM:
		where = "directmessage"
	case ch.IsPrivate:
		where = "privategroup"
	}
	return Object{
		"token": "local-verification", "team_id": w.opt.Team.ID, "team_domain": w.opt.Team.Domain,
		"channel_id": ch.ID, "channel_name": where, "user_id": u.ID, "user_name": u.Name, "command": cmd.Command,
		"text": w.commandText(rest, cmd.ShouldEscape), "api_app_id": w.opt.App.ID, "is_enterprise_install": "false",
		"response_url": w.newResponse(ch, u.ID, nil), "trigger_id": w.newTrigger(u.ID, false),
	}
}

// slashAnswered shows the message of an acknowledgement. A message for the
// channel shows what the person typed, too.
func (w *Workspace) slashAnswered(u *User, ch *Channel, line string, answer Object) error {
	if answer == nil {
		return nil
	}
	var r reply
	if err := json.Unmarshal(marshal(answer), &r); err != nil {
		return ErrBadAnswer
	}
	public := r.ResponseType == "in_channel"
	if public {
		w.add(ch, &Message{Type: "message", User: u.ID, Team: u.TeamID, Text: entities(line)})
	}
	if r.empty() {
		return nil
	}
	if err := w.answer(&responseURL{channel: ch, user: u.ID}, r); err != nil {
		name, _, _ := strings.Cut(line, " ")
		w.notice(ch, u.ID, "", fmt.Sprintf("%s failed with the error \"%s\"", name, err))
		return fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	return nil
}

// refuseInThread is what Slack says to a command typed in a thread.
func (w *Workspace) refuseInThread(u *User, ch *Channel, thread, line string) error {
	name, _, _ := strings.Cut(line, " ")
	said := name + " is not supported in threads. Sorry!"
	w.notice(ch, u.ID, thread, said)
	return errors.New(said)
}

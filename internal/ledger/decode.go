package ledger

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// fields is a Redis hash, or the values of a stream's entry.
type fields map[string]string

func fieldsOf(flat any) fields {
	list, _ := flat.([]any)
	f := make(fields, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		f[text(list[i])] = text(list[i+1])
	}
	return f
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func (f fields) int(name string) int64 {
	n, _ := strconv.ParseInt(f[name], 10, 64)
	return n
}

func (f fields) time(name string) time.Time { return timeOf(f[name]) }

func (f fields) actor(name string) Actor {
	var a Actor
	_ = json.Unmarshal([]byte(f[name]), &a) // nobody, if no person did
	return a
}

// timeOf reads milliseconds.
func timeOf(ms string) time.Time {
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil || n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// recordOf reads the view that scripts return.
func recordOf(view any) (Record, error) {
	parts, _ := view.([]any)
	if len(parts) != 2 {
		return Record{}, fmt.Errorf("a view of %d parts", len(parts))
	}
	f := fieldsOf(parts[0])
	if len(f) == 0 {
		return Record{}, ErrNotFound
	}
	r := Record{
		State: State(f["state"]), Version: f.int("version"), Rev: f.int("rev"),
		At: f["at"], Seq: f.int("seq"), Attempt: int(f.int("attempt")), Trouble: f["trouble"], Ahead: ID(f["ahead"]),
		Created: f.time("created"), Expires: f.time("expires"), Decided: f.time("decided"), Started: f.time("started"),
		Checked: f.time("checked"), Ended: f.time("ended"), EndedBy: f.actor("ended_by"), Outcome: f["outcome"],
		Stayed: f["stayed"], Opens: f.time("opens"), Narrowed: f["narrowed"] == "1", Extended: int(f.int("extended")),
		Told: strings.Fields(f["told"]),
	}
	if err := json.Unmarshal([]byte(f["proposal"]), &r.Proposal); err != nil {
		return Record{}, fmt.Errorf("read proposal: %w", err)
	}
	if f["data"] != "" {
		r.Data = json.RawMessage(f["data"])
	}
	if f["message"] != "" {
		if err := json.Unmarshal([]byte(f["message"]), &r.Message); err != nil {
			return Record{}, fmt.Errorf("read message of %s: %w", r.ID, err)
		}
	}
	var err error
	r.Votes, err = votesOf(parts[1])
	return r, err
}

// ballot is a vote as the script stores it.
type ballot struct {
	At     string `json:"at"`
	N      int    `json:"n"`
	By     string `json:"by"`
	Choice string `json:"choice"`
	Reason string `json:"reason"`
	Fills  string `json:"fills"`
	Narrow bool   `json:"narrow"`
	Via    string `json:"via"`
}

// votesOf reads votes, in the order they were given.
func votesOf(values any) ([]Vote, error) {
	list, _ := values.([]any)
	ballots := make([]ballot, len(list))
	for i, v := range list {
		if err := json.Unmarshal([]byte(text(v)), &ballots[i]); err != nil {
			return nil, fmt.Errorf("read vote: %w", err)
		}
	}
	slices.SortFunc(ballots, func(a, b ballot) int { return cmp.Compare(a.N, b.N) })
	var votes []Vote
	for _, b := range ballots {
		v := Vote{
			Choice: b.Choice, Narrow: b.Narrow, Fills: placesOf(b.Fills), Via: b.Via, Reason: b.Reason, At: timeOf(b.At),
		}
		if err := json.Unmarshal([]byte(b.By), &v.Actor); err != nil {
			return nil, fmt.Errorf("read voter: %w", err)
		}
		votes = append(votes, v)
	}
	return votes, nil
}

// signalsOf reads signals, oldest first.
func signalsOf(values any) ([]Signal, error) {
	list, _ := values.([]any)
	var signals []Signal
	for _, v := range list {
		ms, body, _ := strings.Cut(text(v), " ")
		var s Signal
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			return nil, fmt.Errorf("read signal: %w", err)
		}
		s.At = timeOf(ms)
		signals = append(signals, s)
	}
	return signals, nil
}

// entryOf reads one entry of a journal.
func entryOf(id string, f fields) Entry {
	return Entry{
		ID: id, At: f.time("at"), Kind: f["kind"], By: f.actor("by"),
		Step: f["step"], Seq: f.int("seq"), Line: f["line"], Tone: f["tone"], Text: f["text"],
	}
}

// entriesOf reads stream entries as a script returns them.
func entriesOf(reply any) []Entry {
	list, _ := reply.([]any)
	var entries []Entry
	for _, item := range list {
		if pair, _ := item.([]any); len(pair) == 2 {
			entries = append(entries, entryOf(text(pair[0]), fieldsOf(pair[1])))
		}
	}
	return entries
}

// messageEntry reads a stream entry as the client returns it.
func messageEntry(m redis.XMessage) Entry {
	f := make(fields, len(m.Values))
	for name, v := range m.Values {
		f[name] = text(v)
	}
	return entryOf(m.ID, f)
}

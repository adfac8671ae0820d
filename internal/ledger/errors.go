package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// What the ledger refuses. Callers turn them into sentences.
var (
	ErrNotFound      = errors.New("no such operation")
	ErrAmbiguous     = errors.New("several operations begin like that")
	ErrExpired       = errors.New("the request has expired")
	ErrSelf          = errors.New("the requester cannot vote")
	ErrDigest        = errors.New("the plan is not the one that was shown")
	ErrVoted         = errors.New("this person has voted already")
	ErrStale         = errors.New("the button belongs to an older version")
	ErrNotNarrow     = errors.New("there is nothing narrower than all of it")
	ErrLimit         = errors.New("the request was extended often enough")
	ErrNotRunning    = errors.New("the operation does not run")
	ErrFenced        = errors.New("somebody else holds the turn now")
	ErrSeq           = errors.New("the operation has moved on")
	ErrNotReplicated = errors.New("no replica has confirmed it in time")
)

// DecidedError tells that a request is not pending any more.
type DecidedError struct {
	State State
	By    Actor // who decided, as far as a person did
}

func (e *DecidedError) Error() string {
	return "already " + string(e.State)
}

// StateError is ErrNotRunning with the state that it is in.
type StateError struct{ State State }

func (e *StateError) Error() string { return fmt.Sprintf("%v: it is %s", ErrNotRunning, e.State) }

// Unwrap makes it an ErrNotRunning.
func (e *StateError) Unwrap() error { return ErrNotRunning }

// refusalOf is what an error reply of our scripts means; nil for any other error.
func refusalOf(err error) error {
	reply, ok := errors.AsType[redis.Error](err)
	if !ok {
		return nil
	}
	word, rest, _ := strings.Cut(reply.Error(), " ")
	state, by, _ := strings.Cut(rest, " ")
	switch word {
	case "DECIDED":
		d := &DecidedError{State: State(state)}
		_ = json.Unmarshal([]byte(by), &d.By) // nobody, if no person did
		return d
	case "NOTRUNNING":
		return &StateError{State: State(state)}
	}
	return map[string]error{
		"NOTFOUND": ErrNotFound, "EXPIRED": ErrExpired, "SELF": ErrSelf, "DIGEST": ErrDigest,
		"VOTED": ErrVoted, "STALE": ErrStale, "FENCED": ErrFenced, "SEQ": ErrSeq,
		"NOTNARROW": ErrNotNarrow, "LIMIT": ErrLimit,
	}[word]
}

package bot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/amiral-ops/amiral/internal/fault"
)

// RateLimited is returned when a method must not be called before After has passed, because Slack said
// so or because the bot's own share is used up. Nothing was sent.
type RateLimited struct {
	Method string
	After  time.Duration
}

// Error tells the method and the wait.
func (e *RateLimited) Error() string {
	return fmt.Sprintf("%s: wait %s", e.Method, e.After.Round(time.Millisecond))
}

// Refused is Slack's no: the same call will not succeed as it is.
type Refused struct {
	Method string
	Code   string // Slack's own, such as not_in_channel
	Detail string // Slack's explanation, if it gave one
}

// Error is Slack's code and explanation.
func (e *Refused) Error() string {
	if e.Detail == "" {
		return e.Method + ": " + e.Code
	}
	return e.Method + ": " + e.Code + " (" + e.Detail + ")"
}

// Ambiguous is returned when a message was sent and no answer came: it may stand in the channel.
type Ambiguous struct {
	Method string
	Err    error
}

// Error tells what was attempted.
func (e *Ambiguous) Error() string { return e.Method + ": no answer: " + e.Err.Error() }

// Unwrap is the cause.
func (e *Ambiguous) Unwrap() error { return e.Err }

// unknownWait is how long a method rests when Slack limits it without saying for how long.
const unknownWait = 10 * time.Second

// trouble sorts an error of slack-go. Sent says that the call puts something into a channel, so that an
// unknown outcome matters.
func trouble(method string, err error, sent bool) error {
	if err == nil {
		return nil
	}
	if limit, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		return &RateLimited{Method: method, After: max(limit.RetryAfter, time.Second)}
	}
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok && status.Code == http.StatusTooManyRequests {
		return &RateLimited{Method: method, After: unknownWait}
	}
	if answer, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return refusal(method, answer, sent)
	}
	err = fmt.Errorf("%s: %w", method, bare(err))
	if sent && !neverSent(err) {
		return &Ambiguous{Method: method, Err: err}
	}
	return err
}

func refusal(method string, answer slack.SlackErrorResponse, sent bool) error {
	switch answer.Err {
	case "ratelimited", "rate_limited":
		return &RateLimited{Method: method, After: unknownWait}
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout":
		err := fmt.Errorf("%s: %s", method, answer.Err)
		if sent {
			return &Ambiguous{Method: method, Err: err}
		}
		return err
	}
	detail := strings.Join(answer.ResponseMetadata.Messages, "; ")
	if answer.Needed != "" {
		detail = strings.TrimSpace(detail + " needs " + answer.Needed)
	}
	return &Refused{Method: method, Code: answer.Err, Detail: detail}
}

// bare is err without the address that was called, which may be a secret of its own.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// neverSent reports whether the request cannot have reached Slack.
func neverSent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	_, dns := errors.AsType[*net.DNSError](err)
	return dns || errors.Is(err, errNotCalled)
}

// errNotCalled marks calls that were given up before they were made.
var errNotCalled = errors.New("not called")

// code is Slack's code inside err, empty when there is none.
func code(err error) string {
	if r, ok := errors.AsType[*Refused](err); ok {
		return r.Code
	}
	if r, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return r.Err
	}
	return ""
}

// fatal is the sentence for codes after which no call with that token can succeed; nil for all others.
func fatal(token, code string) *fault.Fault {
	text := map[string]string{
		"invalid_auth":            "it is not valid",
		"not_authed":              "it did not arrive",
		"token_revoked":           "it was revoked",
		"token_expired":           "it has expired",
		"account_inactive":        "the app was removed from the workspace or its account is deactivated",
		"not_allowed_token_type":  "it is of the wrong kind",
		"missing_scope":           "it lacks a scope",
		"no_permission":           "it lacks a permission",
		"forbidden_team":          "the workspace does not allow it",
		"team_access_not_granted": "the workspace has not granted it access",
		"org_login_required":      "the workspace moves to an organisation",
		"ekm_access_denied":       "an administrator suspended access",
		"access_denied":           "access is denied",
		"app_uninstalled":         "the app was uninstalled from the workspace",
		"tokens_revoked":          "it was revoked",
	}[code]
	if text == "" {
		return nil
	}
	hint := "Install the app again and set its new bot token."
	if token == appToken {
		hint = "Make an app-level token with the scope connections:write and set it as the app token."
	}
	return fault.New(fault.Unavailable, "Slack does not accept the %s: %s (%s).", token, text, code).WithHint("%s", hint)
}

const (
	appToken = "app token"
	botToken = "bot token"
)

// gaveUp reports whether err only says that the caller's context ended.
func gaveUp(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

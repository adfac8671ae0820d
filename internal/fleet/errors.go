package fleet

import "errors"

// ErrorKind is what went wrong at AWS, as far as a decision depends on it.
type ErrorKind string

// The kinds that decisions depend on. Anything else is Other.
const (
	Absent        ErrorKind = "absent"         // what was named does not exist (or not yet, shortly after its creation)
	Refused       ErrorKind = "refused"        // the identity may not do that
	Throttled     ErrorKind = "throttled"      // too many calls; try later
	Rejected      ErrorKind = "rejected"       // the request itself is wrong; trying again changes nothing
	InProgress    ErrorKind = "in_progress"    // another instance refresh is active
	NoRefresh     ErrorKind = "no_refresh"     // there is no active instance refresh
	Irreversible  ErrorKind = "irreversible"   // this refresh cannot be rolled back
	TokenMismatch ErrorKind = "token_mismatch" // the client token was used with other parameters
	Exists        ErrorKind = "exists"         // the name is taken
	Quota         ErrorKind = "quota"          // a limit of the account is reached
	Busy          ErrorKind = "busy"           // it is in a state, or under a change, that does not allow it now
	Full          ErrorKind = "full"           // AWS has no machine of that type there at the moment
	Other         ErrorKind = "other"          // servers, networks: try again
)

// Error is a failed call to AWS.
type Error struct {
	Kind    ErrorKind
	Call    string // "autoscaling:StartInstanceRefresh"
	Code    string // AWS's error code
	Message string // AWS's own words
	Err     error  // what the SDK returned
}

// Error is what was called and AWS's own words.
func (e *Error) Error() string {
	if e.Message == "" && e.Err != nil {
		return e.Call + ": " + e.Err.Error()
	}
	return e.Call + ": " + e.Code + ": " + e.Message
}

// Unwrap is the SDK's error.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the AWS error inside err, or Other.
func KindOf(err error) ErrorKind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Other
}
